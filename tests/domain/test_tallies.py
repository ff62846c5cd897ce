"""What is counted, and that nothing of it is lost when it is folded."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app import clock, transaction
from app.domain import figures, folding, tallies
from app.domain.outcomes import Outcome
from app.models import Tally
from tests.support.looking import change, jobs, look
from tests.support.marks import both_databases
from tests.support.workflows import begin, claim, publish, report_begun, report_ended, webhook, work

pytestmark = pytest.mark.usefixtures("app")


def counted(name: str, **labels: str) -> float:
    """The sum of what was counted under a name by rows that have these labels."""
    found = look(figures.totals)
    return sum(
        total.value
        for total in found
        if total.name == name and labels.items() <= total.labels.items()
    )


def rows() -> int:
    return look(lambda session: session.scalar(select(func.count()).select_from(Tally)) or 0)


@both_databases
def test_an_attempt_is_counted_with_its_outcome_and_how_long_it_took():
    publish(webhook("send"))
    begin()
    work(Outcome(verdict="retry", error="503"))
    clock.travel(timedelta(hours=1))
    work(Outcome(verdict="done"))
    kind = "AUTOMATION_WEBHOOK"
    assert counted("attempts_total", kind=kind, outcome="retry") == 1
    assert counted("attempts_total", kind=kind, outcome="succeeded") == 1
    assert counted("retries_total", queue="workflow-automation") == 1
    assert counted("attempt_seconds_bucket", kind=kind) == 2
    assert counted("queue_wait_seconds_bucket") == 2
    assert counted("jobs_total", kind="step", outcome="done") == 1
    assert counted("events_total", kind="step.completed") == 1


def test_a_result_that_comes_too_late_is_counted_as_fenced():
    publish(webhook("send"))
    begin()
    (late,) = claim()
    report_begun(late)
    with transaction.writing() as session:
        job = session.merge(jobs()[0])
        job.lease_token = "another"
    report_ended(Outcome(verdict="done"), late)
    assert counted("fenced_results_total") == 1
    assert counted("jobs_total") == 0


def test_what_is_rolled_back_was_not_counted():
    def count_and_fail(session: Session) -> None:
        tallies.add(session, "retries_total", {"queue": "workflow-automation"})
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        change(count_and_fail)
    change(lambda session: tallies.add(session, "retries_total", {"queue": "workflow-automation"}))
    assert counted("retries_total") == 1


@both_databases
def test_counts_of_one_minute_add_up_in_one_row():
    for _ in range(3):
        change(lambda session: tallies.add(session, "retries_total", {"queue": "q"}))
    assert counted("retries_total", queue="q") == 3
    assert rows() <= 2  # the minute may have turned


@both_databases
@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["retries_total", "attempts_total"]),
            st.sampled_from(["a", "b"]),
            st.integers(1, 5),
            st.integers(0, 14 * 24 * 60),
        ),
        max_size=20,
    )
)
def test_folding_changes_no_total(counts):
    with transaction.writing() as session:
        session.query(Tally).delete()
        minute = clock.now().replace(second=0, microsecond=0)
        seen: dict[tuple[object, ...], Tally] = {}
        for name, queue, number, age in counts:
            key = (name, queue, age)
            row = seen.get(key) or Tally(
                minute=minute - timedelta(minutes=age),
                source="p",
                name=name,
                labels=tallies.text_of({"queue": queue}),
                value=0.0,
            )
            row.value += number
            seen[key] = row
        session.add_all(seen.values())
    before = look(figures.totals)
    change(folding.fold)
    change(folding.fold)
    assert look(figures.totals) == before
    old = clock.now() - timedelta(hours=4)
    left = select(func.count()).where(Tally.minute < old, Tally.source != "")
    assert look(lambda session: session.scalar(left)) == 0


def test_a_series_has_one_number_per_span_of_time():
    change(lambda session: tallies.add(session, "retries_total", {"queue": "q"}, 2))
    clock.travel(timedelta(minutes=1))
    change(lambda session: tallies.add(session, "retries_total", {"queue": "q"}, 3))
    read = lambda session: figures.series(  # noqa: E731
        session, ["retries_total"], timedelta(minutes=1), 4
    )
    found = look(read)
    assert found.sums("retries_total", queue="q")[-2:] == [2, 3]
    assert found.sums("retries_total", queue="other") == [0.0] * 4


@given(st.floats(0, 1e6))
def test_a_duration_falls_into_the_first_bucket_that_holds_it(seconds):
    bucket, total = tallies.timed("x", {}, seconds)
    bound = float(bucket[0][1].split('"')[3].replace("+Inf", "inf"))
    assert seconds <= bound
    smaller = [one for one in tallies.BOUNDS if one < bound]
    assert not smaller or seconds > smaller[-1]
    assert total[1] == seconds


def test_a_part_that_is_taken_back_takes_its_counts_along():
    def fail(session: Session) -> None:
        with tallies.savepoint(session):
            tallies.add(session, "retries_total", {"queue": "q"})
            raise ZeroDivisionError

    with transaction.writing() as session:
        tallies.add(session, "retries_total", {"queue": "q"})
        with pytest.raises(ZeroDivisionError):
            fail(session)
    assert counted("retries_total", queue="q") == 1
