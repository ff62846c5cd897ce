"""A worker whose lease is gone changes nothing, whatever it brings back."""

from datetime import timedelta

import pytest

from app import clock, transaction
from app.domain import claims, losses
from app.domain.outcomes import Outcome
from app.models.vocabulary import AUTOMATION_QUEUE
from tests.support.looking import do, kinds, look, state_pair, states, step_of
from tests.support.marks import both_databases
from tests.support.workflows import (
    begin,
    claim,
    publish,
    report_begun,
    report_ended,
    task,
    webhook,
    work,
)

DONE = Outcome(verdict="done", output={"late": True})
LATE = [
    DONE,
    Outcome(verdict="retry", error="HTTP 500"),
    Outcome(verdict="failed", error="HTTP 404"),
]


def lose_leases(after: float = 16) -> int:
    clock.travel(timedelta(seconds=after))
    with transaction.writing() as session:
        return losses.give_back_expired(session, 3)


@both_databases
@pytest.mark.parametrize("late", LATE, ids=lambda outcome: outcome.verdict)
def test_what_comes_back_after_a_skip_is_only_logged(app, late):
    publish(webhook("send"), task("next", "send"))
    instance_id = begin()
    held = claim()
    report_begun(*held)
    do(instance_id, "skip", "send", reason="Sent by hand")
    report_ended(late, *held)

    step = step_of(instance_id, "send")
    assert (step.state, step.action_state, step.output) == ("SKIPPED", "IDLE", None)
    assert step.reason == "Sent by hand"
    assert [row.outcome for row in step.automation_log] == ["abandoned", "fenced"]
    assert kinds(instance_id, "send")[-1] == "attempt.fenced"
    assert states(instance_id)["next"] == "READY"


@both_databases
def test_what_comes_back_after_the_lease_was_given_to_another_changes_nothing(app):
    publish(webhook("send"))
    instance_id = begin()
    first = claim(worker="slow")
    report_begun(*first, worker="slow")
    assert lose_leases() == 1
    second = claim(worker="quick")
    report_begun(*second, worker="quick")
    report_ended(DONE, *first, worker="slow")
    assert state_pair(instance_id, "send") == ("STARTED", "RUNNING")
    report_ended(Outcome(verdict="done", output={"late": False}), *second, worker="quick")

    step = step_of(instance_id, "send")
    assert (step.state, step.output) == ("COMPLETED", {"late": False})
    log = [(row.attempt, row.outcome, row.worker) for row in step.automation_log]
    assert sorted(log) == [
        (1, "fenced", "slow"),
        (1, "unknown", "slow"),
        (2, "succeeded", "quick"),
    ]
    assert kinds(instance_id, "send").count("step.completed") == 1


@both_databases
def test_a_beginning_that_is_told_after_the_lease_was_lost_is_dropped(app):
    publish(webhook("send"))
    instance_id = begin()
    held = claim()
    lose_leases()
    before = kinds(instance_id)
    report_begun(*held)

    assert kinds(instance_id) == before
    assert state_pair(instance_id, "send") == ("STARTED", "RETRY_WAIT")


@both_databases
def test_the_same_result_told_twice_counts_once(app):
    publish(webhook("send"), task("next", "send"))
    instance_id = begin()
    held = claim()
    report_begun(*held)
    report_ended(DONE, *held)
    report_ended(DONE, *held)

    assert kinds(instance_id, "send").count("step.completed") == 1
    assert kinds(instance_id, "next") == ["step.ready"]


@both_databases
def test_a_stale_result_does_not_take_its_group_with_it(app):
    publish(webhook("a"), webhook("b"), task("next", "b"))
    instance_id = begin()
    held = claim()
    report_begun(*held)
    do(instance_id, "skip", "a")
    report_ended(DONE, *held)

    assert states(instance_id) == {"a": "SKIPPED", "b": "COMPLETED", "next": "READY"}


def test_a_stale_claim_can_not_hand_back_what_another_holds(app):
    publish(webhook("send"))
    begin()
    first = claim(worker="slow")
    lose_leases()
    claim(worker="quick")
    with transaction.writing() as session:
        claims.hand_back(session.connection(), first)

    assert claim() == []


@both_databases
def test_a_hand_back_frees_the_job_at_once_and_counts_as_nothing(app):
    publish(webhook("send"))
    instance_id = begin()
    (held,) = claim(worker="a")
    with transaction.writing() as session:
        claims.hand_back(session.connection(), [held])

    assert state_pair(instance_id, "send") == ("READY", "QUEUED")
    (again,) = claim(worker="b")
    assert (again.attempt, again.losses, again.allowed) == (1, 0, held.allowed)
    assert again.lease_token != held.lease_token
    assert step_of(instance_id, "send").automation_log == []


@both_databases
def test_a_renewed_lease_holds(app):
    publish(webhook("send"))
    instance_id = begin()
    held = claim(worker="a")
    report_begun(*held, worker="a")
    clock.travel(timedelta(seconds=10))
    with transaction.writing() as session:
        kept = claims.renew(session.connection(), held, 15)
    assert kept == {held[0].id}
    assert lose_leases(20) == 0
    report_ended(DONE, *held, worker="a")

    assert state_pair(instance_id, "send") == ("COMPLETED", "COMPLETED")


def test_a_worker_renews_only_what_it_knows_that_it_holds(app):
    publish(webhook("a"), webhook("b"))
    begin()
    mine = claim(1, worker="a")
    claim(1, worker="b")
    with transaction.writing() as session:
        assert claims.renew(session.connection(), mine, 15) == {mine[0].id}


def test_after_a_skip_renewal_tells_the_worker_that_it_is_gone(app):
    publish(webhook("send"))
    instance_id = begin()
    held = claim(worker="a")
    do(instance_id, "skip", "send")
    with transaction.writing() as session:
        assert claims.renew(session.connection(), held, 15) == set()


def test_a_replay_that_was_lost_and_comes_back_late_is_fenced(app):
    publish(webhook("send"))
    instance_id = begin()
    work()
    do(instance_id, "replay", "send")
    held = claim()
    report_begun(*held)
    lose_leases()
    report_ended(DONE, *held)
    assert work() == 1

    outcomes = [row.outcome for row in step_of(instance_id, "send").automation_log]
    assert sorted(map(str, outcomes)) == ["fenced", "succeeded", "succeeded", "unknown"]
    assert kinds(instance_id).count("attempt.replay_finished") == 1


@both_databases
def test_the_longest_due_are_claimed_first_and_no_more_than_asked_for(app):
    publish(webhook("a"), webhook("b"), webhook("c"))
    begin()

    assert [one.action_config["url"][-1] for one in claim(2)] == ["a", "b"]
    assert [one.action_config["url"][-1] for one in claim(2)] == ["c"]
    assert claim(2) == []


@both_databases
def test_the_next_due_time_is_that_of_free_jobs(app):
    publish(webhook("now"), webhook("later", config={"delay": "PT1H"}))
    begin()

    def next_due():
        return look(lambda session: claims.next_due(session.connection(), AUTOMATION_QUEUE)).at  # type: ignore[union-attr]

    assert next_due() <= clock.now()
    claim()
    later = next_due()
    assert timedelta(minutes=59) < later - clock.now() <= timedelta(hours=1)
