"""The committer goes on, whatever it is given to write."""

import threading
from datetime import UTC, datetime

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from app import extensions, transaction
from app.domain import attempts
from app.domain.outcomes import Outcome, Span
from app.domain.reports import Report
from app.extensions import db
from app.models import WorkflowInstanceStep
from tests.support.workflows import begin, claim, publish, webhook
from workers.committer import UNWRITABLE, Committer

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def committer(app):
    """A committer, and a way to have reports written and wait for that."""
    dealt_with = threading.Event()
    committer = Committer(app, on_written=lambda ended: dealt_with.set() if ended else None)
    committer.start()

    def write(*reports: Report) -> None:
        dealt_with.clear()
        for report in reports:
            committer.put(report)
        assert dealt_with.wait(20)

    yield write
    assert committer.is_alive()
    committer.stop(timeout=5)


def reports(outcome: Outcome, held) -> tuple[Report, Report]:
    begun = Report(held, Span(NOW), "worker-1")
    return begun, Report(held, Span(NOW, NOW, 0.01), "worker-1", outcome)


def state_of_the_step() -> tuple[str, str | None]:
    with transaction.reading() as session:
        step = WorkflowInstanceStep
        state, error = session.execute(select(step.state, step.error)).one()
        return state, error


def test_a_result_that_cannot_be_written_fails_its_step_instead_of_being_sent_again(app, committer):
    publish(webhook("send"))
    begin()
    (held,) = claim()

    committer(*reports(Outcome(verdict="done", output={"x": object()}), held))

    assert state_of_the_step() == ("FAILED", UNWRITABLE)


def test_a_database_that_is_away_for_a_moment_loses_nothing(app, committer, monkeypatch):
    publish(webhook("send"))
    begin()
    (held,) = claim()
    settle, away = attempts.settle, iter([True, True])

    def sometimes(session, group, **more):
        if next(away, False):
            raise OperationalError("BEGIN", None, Exception("away"))
        settle(session, group, **more)

    monkeypatch.setattr(attempts, "settle", sometimes)
    committer(*reports(Outcome(verdict="done"), held))

    assert state_of_the_step() == ("COMPLETED", None)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_process_that_was_frozen_in_mid_commit_writes_its_result_again(
    app, committer, monkeypatch
):
    publish(webhook("send"))
    begin()
    (held,) = claim()
    monkeypatch.setattr(extensions, "IDLE_SECONDS", 0.2)
    db.engine.dispose()
    settle, frozen = attempts.settle, iter([1.0, 1.0, 1.0])

    def slowly(session, group, **more):
        settle(session, group, **more)
        threading.Event().wait(next(frozen, 0))  # PostgreSQL ends the session meanwhile

    monkeypatch.setattr(attempts, "settle", slowly)
    committer(*reports(Outcome(verdict="done"), held))

    monkeypatch.undo()
    db.engine.dispose()
    assert state_of_the_step() == ("COMPLETED", None)


def test_a_fault_that_follows_an_absence_does_not_end_the_committer(app, committer, monkeypatch):
    publish(webhook("send"))
    begin()
    (held,) = claim()
    settle = attempts.settle
    faults = iter([OperationalError("BEGIN", None, Exception("away")), RuntimeError("a bug")])

    def faulty(session, group, **more):
        if fault := next(faults, None):
            raise fault
        settle(session, group, **more)

    monkeypatch.setattr(attempts, "settle", faulty)
    committer(*reports(Outcome(verdict="done"), held))

    assert state_of_the_step() == ("COMPLETED", None)


def test_a_write_lock_that_is_not_given_up_is_said_in_sqlalchemys_words(app, monkeypatch):
    """Everything that outlives an absent database looks for these."""
    monkeypatch.setattr(extensions, "BUSY_SECONDS", 0.05)
    with db.engine.connect().execution_options(writing=True) as other:
        other.begin()
        with pytest.raises(OperationalError), transaction.writing():
            raise AssertionError("this must not be reached")
