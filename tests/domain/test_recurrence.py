"""Steps that recur: each occurrence is an execution of its own, and the series ends once."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app import clock, transaction
from app.domain import attempts, effects, losses
from app.domain.outcomes import Outcome, Span
from app.domain.reports import Report
from app.errors import Invalid, MoveNotAllowed
from app.models import AuditEntry, Notice
from app.schemas.base import zulu
from tests.support.looking import (
    do,
    events_of,
    executions_of,
    instance_of,
    jobs,
    kinds,
    look,
    refuses,
    state_pair,
    states,
    step_of,
)
from tests.support.marks import both_databases
from tests.support.workflows import (
    OPERATOR,
    begin,
    claim,
    publish,
    report_begun,
    report_ended,
    task,
    webhook,
    work,
)

BROKEN = Outcome(verdict="failed", error="HTTP 404")
AGAIN = Outcome(verdict="retry", error="HTTP 500")
HOUR = 3600


class Time:
    """Moves on, never back."""

    def __init__(self) -> None:
        self.gone = 0.0

    def passes(self, seconds: float = HOUR + 1) -> None:
        self.gone += seconds
        clock.travel(timedelta(seconds=self.gone))


@pytest.fixture
def time() -> Time:
    return Time()


def series(
    *more: dict[str, Any],
    count: int | None = 3,
    config: dict[str, Any] | None = None,
    **recurrence: Any,
) -> int:
    """A published template whose step recurs each hour, and an instance of it."""
    every = {} if {"cron", "rrule"} & recurrence.keys() else {"everySeconds": HOUR}
    rule = every | ({"count": count} if count else {}) | recurrence
    publish(webhook("bill", config={"recurrence": rule} | (config or {})), *more)
    return begin()


def occur(time, outcome=None):
    """The next occurrence falls due and ends so; returns its token."""
    time.passes()
    (held,) = claim()
    report_begun(held)
    report_ended(outcome or Outcome(verdict="done", output={"n": held.occurrence}), held)
    return held.execution_token


def last(instance_id: int, kind: str) -> dict[str, Any]:
    """What the newest event of this kind says."""
    return [event for event in events_of(instance_id) if event.kind == kind][-1].data or {}


def hours_on(instance_id: int, number: float) -> datetime:
    """So long after the step became ready."""
    ready_at = step_of(instance_id, "bill").ready_at
    assert ready_at is not None
    return ready_at + timedelta(hours=number)


def next_at(instance_id: int) -> datetime:
    found = step_of(instance_id, "bill").next_attempt_at
    assert found is not None
    return found


@both_databases
def test_each_occurrence_is_an_execution_of_its_own_with_its_own_token(app, time):
    instance_id = series()
    tokens = [occur(time) for _ in range(3)]

    step = step_of(instance_id, "bill")
    assert len(set(tokens)) == 3
    runs = executions_of(step.id)
    assert [(run.token, run.occurrence) for run in runs] == [*zip(tokens, (1, 2, 3), strict=True)]
    assert [run.outcome for run in runs] == ["succeeded"] * 3
    log = [(row.occurrence, row.attempt, row.execution_token) for row in step.automation_log]
    assert log == [(n, 1, token) for n, token in enumerate(tokens, start=1)]


@both_databases
def test_before_its_first_occurrence_a_step_is_ready_and_between_two_it_is_started(app, time):
    instance_id = series()
    first = step_of(instance_id, "bill")
    assert (first.state, first.action_state, first.occurrence) == ("READY", "SCHEDULED", 1)
    assert first.next_attempt_at == hours_on(instance_id, 1)
    assert claim() == []

    occur(time)
    second = step_of(instance_id, "bill")
    assert (second.state, second.action_state, second.occurrence) == ("STARTED", "SCHEDULED", 1)
    assert second.next_attempt_at == hours_on(instance_id, 2)
    assert kinds(instance_id, "bill") == [
        "step.ready",
        "step.started",
        "step.occurrence_completed",
    ]
    occur(time)
    assert kinds(instance_id, "bill")[3:] == [
        "step.occurrence_started",
        "step.occurrence_completed",
    ]


@both_databases
def test_dependents_wait_for_the_end_of_the_series(app, time):
    instance_id = series(task("archive", "bill"))
    occur(time)
    occur(time)
    assert states(instance_id) == {"bill": "STARTED", "archive": "PENDING"}
    occur(time)
    assert states(instance_id) == {"bill": "COMPLETED", "archive": "READY"}
    assert jobs() == []


@both_databases
def test_a_failed_occurrence_is_told_and_does_not_stop_the_series(app, time):
    instance_id = series()
    occur(time, BROKEN)

    assert state_pair(instance_id, "bill") == ("STARTED", "SCHEDULED")
    assert instance_of(instance_id).state == "RUNNING"
    assert step_of(instance_id, "bill").error == "HTTP 404"
    triggers = look(lambda session: [notice.trigger for notice in session.query(Notice)])
    assert triggers == ["ON_FAILED", "ON_FAILED"]  # in the bell, and by mail
    assert last(instance_id, "step.occurrence_failed") == {
        "attempt": 1,
        "of": 10,
        "durationMs": 10,
        "error": "HTTP 404",
        "occurrence": 1,
        "occurrences": 3,
        "nextAttemptAt": zulu(next_at(instance_id)),
    }
    occur(time)
    assert step_of(instance_id, "bill").error is None
    occur(time)
    assert states(instance_id) == {"bill": "COMPLETED"}


@both_databases
def test_if_its_last_occurrence_failed_the_step_has_failed(app, time):
    instance_id = series(count=2)
    occur(time)
    occur(time, BROKEN)

    step = step_of(instance_id, "bill")
    assert (step.state, step.action_state, step.error) == ("FAILED", "FAILED", "HTTP 404")
    assert step.output == {"n": 1}, "the output is that of the last one that went well"
    assert instance_of(instance_id).state == "ATTENTION"
    assert kinds(instance_id, "bill").count("step.failed") == 1


@both_databases
def test_each_occurrence_has_its_own_tries(app, time):
    instance_id = series(count=2, config={"retry": {"maxAttempts": 2, "schedule": [60]}})
    time.passes()
    work(AGAIN)
    assert state_pair(instance_id, "bill") == ("STARTED", "RETRY_WAIT")
    time.passes(61)
    work(AGAIN)
    assert state_pair(instance_id, "bill") == ("STARTED", "SCHEDULED")

    time.passes()
    work(AGAIN)
    assert state_pair(instance_id, "bill") == ("STARTED", "RETRY_WAIT")
    time.passes(61)
    work()
    step = step_of(instance_id, "bill")
    log = [(row.occurrence, row.attempt, row.outcome) for row in step.automation_log]
    assert log == [(1, 1, "retry"), (1, 2, "failed"), (2, 1, "retry"), (2, 2, "succeeded")]
    assert step.state == "COMPLETED"


@both_databases
def test_what_comes_due_while_another_retries_is_passed_over_with_an_event(app, time):
    retry = {"maxAttempts": 2, "schedule": [int(2.5 * HOUR)]}
    instance_id = series(count=3, config={"retry": retry})
    time.passes()
    work(AGAIN)
    time.passes(2.5 * HOUR)
    work()

    assert last(instance_id, "step.occurrences_missed") == {
        "missed": 2,
        "from": zulu(hours_on(instance_id, 2)),
        "to": zulu(hours_on(instance_id, 3)),
    }
    step = step_of(instance_id, "bill")
    assert step.next_attempt_at == hours_on(instance_id, 4)
    assert len(executions_of(step.id)) == 2
    occur(time)
    occur(time)
    assert states(instance_id) == {"bill": "COMPLETED"}, "what was passed over does not count"
    assert [run.occurrence for run in executions_of(step.id)] == [1, 2, 3]


@both_databases
def test_after_a_downtime_one_catches_up_and_the_others_are_passed_over_in_one_event(app, time):
    instance_id = series(count=5)
    time.passes(10.5 * HOUR)
    assert work() == 1
    assert work() == 0

    assert last(instance_id, "step.occurrences_missed")["missed"] == 9
    assert kinds(instance_id, "bill").count("step.occurrences_missed") == 1
    assert next_at(instance_id) == hours_on(instance_id, 11)


def test_so_many_that_were_passed_over_are_not_counted_one_by_one(app, time):
    instance_id = series(everySeconds=1)
    time.passes(30 * 86_400)
    work()
    data = last(instance_id, "step.occurrences_missed")
    assert (data["missed"], data["orMore"]) == (1000, True)
    assert clock.now() < next_at(instance_id) <= clock.now() + timedelta(seconds=1)


@both_databases
def test_a_series_ends_with_the_last_time_that_is_not_beyond_until(app, time):
    until = zulu(clock.now() + timedelta(hours=2.5))
    instance_id = series(count=None, until=until)
    occur(time)
    occur(time)
    assert states(instance_id) == {"bill": "COMPLETED"}


def test_until_may_be_a_placeholder(app, time):
    publish(
        webhook("bill", config={"recurrence": {"everySeconds": 60, "until": "{{ input.end }}"}}),
        inputSchema={"type": "object", "properties": {"end": {"type": "string"}}},
    )
    instance_id = begin(end=zulu(clock.now() + timedelta(seconds=90)))
    time.passes(61)
    work()
    assert states(instance_id) == {"bill": "COMPLETED"}


def test_a_placeholder_that_leads_nowhere_fails_the_step_and_a_retry_reads_it_again(app):
    instance_id = series(count=None, until="{{ input.end }}")
    step = step_of(instance_id, "bill")
    assert (step.state, step.error) == ("FAILED", "input.end is missing")
    do(instance_id, "retry", "bill")
    assert step_of(instance_id, "bill").state == "FAILED"


@both_databases
def test_a_series_without_any_time_left_is_skipped_and_the_next_steps_go_on(app, time):
    series(task("archive", "bill"), count=None, until=zulu(clock.now() + timedelta(hours=2)))
    time.passes(2 * HOUR)
    instance_id = begin()
    assert states(instance_id) == {"bill": "SKIPPED", "archive": "READY"}
    assert step_of(instance_id, "bill").reason == "its recurrence has no time left"


@both_databases
def test_a_delay_comes_before_the_series(app):
    instance_id = series(config={"delay": "PT10M"})
    assert next_at(instance_id) == hours_on(instance_id, 1 / 6)


def test_cron_follows_its_zone(app, monkeypatch):
    clock.travel(datetime(2027, 3, 27, 20, tzinfo=UTC) - clock.now())
    instance_id = series(cron="0 9 * * *", timezone="Europe/Berlin", count=2)
    first = step_of(instance_id, "bill").next_attempt_at
    assert first == datetime(2027, 3, 28, 7, tzinfo=UTC), "summer time began in the night"


def test_a_rule_that_ends_by_itself_ends_the_series(app, time):
    instance_id = series(rrule="FREQ=HOURLY;COUNT=3", count=5)
    occur(time)
    assert state_pair(instance_id, "bill") == ("STARTED", "SCHEDULED")
    occur(time)
    assert states(instance_id) == {"bill": "COMPLETED"}, "COUNT counts the start as well"


@both_databases
def test_a_retry_tries_the_last_occurrence_again_under_its_token(app, time):
    instance_id = series(count=2)
    occur(time)
    token = occur(time, BROKEN)
    do(instance_id, "retry", "bill")
    (held,) = claim()
    assert (held.execution_token, held.occurrence, held.attempt) == (token, 2, 2)
    report_begun(held)
    report_ended(Outcome(verdict="done"), held)
    assert states(instance_id) == {"bill": "COMPLETED"}
    assert jobs() == []


@both_databases
def test_a_replay_sends_the_last_occurrence_again_beside_the_series(app, time):
    instance_id = series()
    token = occur(time)
    replayed = do(instance_id, "replay", "bill")
    (held,) = claim()
    assert (held.kind, held.occurrence, held.execution_token) == ("replay", 1, replayed)
    report_begun(held)
    report_ended(BROKEN, held)

    assert state_pair(instance_id, "bill") == ("STARTED", "SCHEDULED")
    assert step_of(instance_id, "bill").execution_token == token
    occur(time)
    occur(time)
    assert states(instance_id) == {"bill": "COMPLETED"}


@both_databases
def test_an_earlier_occurrence_can_be_replayed_and_one_to_come_can_not(app, time):
    instance_id = series()
    tokens = [occur(time), occur(time)]
    do(instance_id, "replay", "bill", occurrence=1)
    (held,) = claim()
    assert (held.kind, held.occurrence) == ("replay", 1)
    runs = {run.id: run for run in executions_of(step_of(instance_id, "bill").id)}
    (replayed,) = [run for run in runs.values() if run.replay_of]
    assert runs[replayed.replay_of or 0].token == tokens[0]
    for number in (3, 4):
        with pytest.raises(Invalid):
            do(instance_id, "replay", "bill", occurrence=number)


@both_databases
def test_the_end_of_an_occurrence_that_is_written_twice_plans_the_next_one_once(app, time):
    instance_id = series()
    time.passes()
    (held,) = claim()
    reports = [
        Report(held, Span(clock.now()), "worker-1"),
        Report(held, Span(clock.now(), clock.now(), 0.01), "worker-1", Outcome(verdict="done")),
    ]
    reports[1] = replace(reports[1], span=replace(reports[0].span, ended_at=clock.now()))
    for again in (False, True):
        with transaction.writing() as session:
            attempts.settle(session, reports, again=again)
    assert len(jobs()) == 1
    assert len(executions_of(step_of(instance_id, "bill").id)) == 2
    assert kinds(instance_id, "bill").count("step.occurrence_completed") == 1
    assert "attempt.fenced" not in kinds(instance_id, "bill")


@both_databases
def test_whether_the_receiver_may_have_acted_is_asked_of_the_newest_occurrence(app, time):
    instance_id = series(config={"retry": {"maxAttempts": 1}})
    occur(time, Outcome(verdict="retry", error="The connection ended.", unknown=True))
    assert effects.may_have_acted(step_of(instance_id, "bill")) is True
    occur(time, Outcome(verdict="failed", error="No secret", unknown=False))
    assert effects.may_have_acted(step_of(instance_id, "bill")) is False


@both_databases
def test_while_it_is_paused_times_fall_due_and_then_one_catches_up(app, time):
    instance_id = series(count=3)
    occur(time)
    do(instance_id, "pause")
    time.passes(3 * HOUR)
    assert claim() == []
    do(instance_id, "resume")
    assert work() == 1
    assert work() == 0
    assert last(instance_id, "step.occurrences_missed")["missed"] == 2


@both_databases
def test_what_ends_during_a_pause_plans_the_next_one_and_that_waits(app, time):
    instance_id = series(count=2)
    time.passes()
    (held,) = claim()
    report_begun(held)
    do(instance_id, "pause")
    report_ended(Outcome(verdict="done"), held)
    assert [job.held for job in jobs()] == [True]
    time.passes()
    assert claim() == []
    do(instance_id, "resume")
    work()
    assert states(instance_id) == {"bill": "COMPLETED"}


@both_databases
@pytest.mark.parametrize(("action", "state"), [("skip", "SKIPPED"), ("cancel", "CANCELLED")])
def test_skip_and_cancel_between_occurrences_leave_nothing_owed(app, time, action, state):
    instance_id = series()
    occur(time)
    do(instance_id, action, "bill" if action == "skip" else None)
    step = step_of(instance_id, "bill")
    assert (step.state, jobs()) == (state, [])
    assert [run.outcome for run in executions_of(step.id)] == ["succeeded", "abandoned"]


@both_databases
@pytest.mark.parametrize("begun", [True, False])
def test_a_lost_worker_costs_an_occurrence_nothing_but_time(app, time, begun):
    instance_id = series(count=2, config={"retry": {"maxAttempts": 1}})
    occur(time)
    time.passes()
    (held,) = claim(worker="doomed")
    if begun:
        report_begun(held, worker="doomed")
    time.passes(16)
    with transaction.writing() as session:
        losses.give_back_expired(session, 3)

    step = step_of(instance_id, "bill")
    assert (step.state, step.action_state, step.occurrence) == ("STARTED", "RETRY_WAIT", 2)
    assert kinds(instance_id, "bill")[-2:] == ["step.occurrence_started", "attempt.unknown"]
    (again,) = claim()
    assert (again.execution_token, again.attempt, again.allowed) == (held.execution_token, 2, 2)
    report_begun(again)
    report_ended(Outcome(verdict="done"), again)
    assert states(instance_id) == {"bill": "COMPLETED"}
    report_ended(Outcome(verdict="done"), held, worker="doomed")
    assert kinds(instance_id, "bill")[-1] == "attempt.fenced"


@both_databases
def test_a_poisonous_occurrence_is_set_aside_and_a_retry_goes_on_with_the_series(app, time):
    instance_id = series(count=2)
    time.passes()
    for alone in (False, False, True):
        time.passes(max(losses.RESTS))
        held = claim(worker="doomed", alone=alone)
        report_begun(*held, worker="doomed")
        time.passes(16)
        with transaction.writing() as session:
            losses.give_back_expired(session, 1)
    assert state_pair(instance_id, "bill") == ("FAILED", "POISONED")
    assert jobs() == []

    do(instance_id, "retry", "bill")
    work()
    assert state_pair(instance_id, "bill") == ("STARTED", "SCHEDULED")
    occur(time)
    assert states(instance_id) == {"bill": "COMPLETED"}


@both_databases
def test_run_now_runs_the_planned_occurrence_and_leaves_the_times_after_it(app, time):
    instance_id = series()
    occur(time)
    do(instance_id, "run-now", "bill")
    assert state_pair(instance_id, "bill") == ("STARTED", "SCHEDULED")
    assert work() == 1
    step = step_of(instance_id, "bill")
    assert step.occurrence == 2
    assert step.next_attempt_at == hours_on(instance_id, 3)


@both_databases
def test_the_first_occurrence_can_be_run_now(app):
    instance_id = series()
    do(instance_id, "run-now", "bill")
    assert state_pair(instance_id, "bill") == ("READY", "QUEUED")
    assert work() == 1
    step = step_of(instance_id, "bill")
    assert step.next_attempt_at == hours_on(instance_id, 2)


@both_databases
@pytest.mark.parametrize("runs_before", [0, 1])
def test_reschedule_moves_what_is_planned_and_nothing_after_it(app, time, runs_before):
    instance_id = series(count=4)
    for _ in range(runs_before):
        occur(time)
    at = clock.now() + timedelta(minutes=10)
    do(instance_id, "reschedule", "bill", at=at, reason="The bank is closed")
    step = step_of(instance_id, "bill")
    assert (step.action_state, step.next_attempt_at) == ("SCHEDULED", at)
    time.passes(9 * 60)
    assert claim() == []
    time.passes(61)
    assert work() == 1
    step = step_of(instance_id, "bill")
    assert step.next_attempt_at == hours_on(instance_id, 2 + runs_before)
    event = next(e for e in events_of(instance_id) if e.kind == "step.rescheduled")
    assert event.reason == "The bank is closed"
    assert last(instance_id, "step.rescheduled")["nextAttemptAt"] == zulu(at)


@both_databases
def test_reschedule_into_the_past_means_now(app):
    instance_id = series()
    do(instance_id, "reschedule", "bill", at=clock.now() - timedelta(days=1))
    assert state_pair(instance_id, "bill") == ("READY", "QUEUED")
    assert work() == 1


@both_databases
def test_a_planned_retry_can_be_rescheduled(app, time):
    publish(webhook("send", config={"retry": {"schedule": [60]}}))
    instance_id = begin()
    work(AGAIN)
    at = clock.now() + timedelta(hours=5)
    do(instance_id, "reschedule", "send", at=at)
    assert state_pair(instance_id, "send") == ("STARTED", "RETRY_WAIT")
    time.passes(4 * HOUR)
    assert claim() == []
    time.passes()
    assert work() == 1


@both_databases
@pytest.mark.parametrize("action", ["reschedule", "skip-occurrence"])
def test_what_a_worker_has_just_taken_can_not_be_put_off(app, time, action):
    instance_id = series()
    time.passes()
    (held,) = claim()
    more = {"at": clock.now() + timedelta(days=1)} if action == "reschedule" else {}
    with pytest.raises(MoveNotAllowed, match="a worker has just taken the step up"):
        do(instance_id, action, "bill", **more)
    report_begun(held)
    report_ended(Outcome(verdict="done"), held)
    assert state_pair(instance_id, "bill") == ("STARTED", "SCHEDULED")


@both_databases
@pytest.mark.parametrize("runs_before", [0, 1])
def test_skipping_an_occurrence_plans_the_one_after_it_under_its_number(app, time, runs_before):
    instance_id = series(count=2)
    for _ in range(runs_before):
        occur(time)
    planned = jobs()[0]
    do(instance_id, "skip-occurrence", "bill", reason="A holiday")
    step = step_of(instance_id, "bill")
    assert step.next_attempt_at == hours_on(instance_id, 2 + runs_before)
    assert jobs()[0].execution_token == planned.execution_token
    assert jobs()[0].run_at == step.next_attempt_at
    time.passes()
    assert claim() == []
    occur(time)
    assert len(executions_of(step.id)) == 2 or runs_before


@both_databases
def test_skipping_the_last_occurrence_ends_the_series_as_the_one_before(app, time):
    until = zulu(clock.now() + timedelta(hours=2.5))
    instance_id = series(count=None, until=until)
    occur(time)
    do(instance_id, "skip-occurrence", "bill")
    assert states(instance_id) == {"bill": "COMPLETED"}
    assert jobs() == []


@both_databases
@pytest.mark.parametrize(
    ("outcome", "state"), [(None, "COMPLETED"), (BROKEN, "FAILED")], ids=["well", "badly"]
)
def test_stopped_between_occurrences_a_series_ends_as_its_last_one_did(app, time, outcome, state):
    instance_id = series()
    token = occur(time, outcome)
    do(instance_id, "stop-recurrence", "bill", reason="The contract ended")
    step = step_of(instance_id, "bill")
    assert (step.state, step.execution_token, jobs()) == (state, token, [])
    event = next(e for e in events_of(instance_id) if e.kind == "step.recurrence_stopped")
    assert (event.reason, event.data) == ("The contract ended", {"withThis": False})


@both_databases
def test_stopped_while_one_runs_a_series_ends_with_it(app, time):
    instance_id = series()
    time.passes()
    (held,) = claim()
    report_begun(held)
    do(instance_id, "stop-recurrence", "bill")
    assert state_pair(instance_id, "bill") == ("STARTED", "RUNNING")
    report_ended(AGAIN, held)
    assert state_pair(instance_id, "bill") == ("STARTED", "RETRY_WAIT"), "its tries are its own"
    do(instance_id, "run-now", "bill")
    work()
    assert states(instance_id) == {"bill": "COMPLETED"}


@both_databases
@pytest.mark.parametrize("runs_before", [0, 1])
def test_stopped_when_a_worker_has_just_taken_one_a_series_ends_with_it(app, time, runs_before):
    instance_id = series()
    for _ in range(runs_before):
        occur(time)
    time.passes()
    (held,) = claim()
    do(instance_id, "stop-recurrence", "bill")
    report_begun(held)
    report_ended(BROKEN, held)
    assert states(instance_id) == {"bill": "FAILED"}
    assert "attempt.fenced" not in kinds(instance_id)


@both_databases
def test_stopped_while_its_last_one_is_to_be_tried_again_a_series_ends_with_it(app, time):
    instance_id = series(count=2)
    occur(time)
    occur(time, BROKEN)
    do(instance_id, "retry", "bill")
    do(instance_id, "stop-recurrence", "bill")
    assert state_pair(instance_id, "bill") == ("READY", "QUEUED")
    (held,) = claim()
    report_begun(held)
    report_ended(Outcome(verdict="done"), held)
    assert states(instance_id) == {"bill": "COMPLETED"}


def test_stopped_before_its_first_occurrence_a_step_is_skipped(app):
    instance_id = series(task("archive", "bill"))
    do(instance_id, "stop-recurrence", "bill")
    assert states(instance_id) == {"bill": "SKIPPED", "archive": "READY"}
    assert jobs() == []


@both_databases
@pytest.mark.parametrize("runs_before", [0, 1])
@pytest.mark.parametrize(
    ("action", "kind"),
    [("stop-recurrence", "recurrence_stopped"), ("skip-occurrence", "occurrence_skipped")],
)
def test_whoever_ends_a_series_did_that_and_the_system_ends_the_step(
    app, time, action, kind, runs_before
):
    end_at = zulu(clock.now() + timedelta(hours=1.5 + runs_before))
    instance_id = series(count=None, until=end_at)
    for _ in range(runs_before):
        occur(time)
    do(instance_id, action, "bill", reason="The contract ended")
    end = "COMPLETED" if runs_before else "SKIPPED"
    told = [(event.kind, event.actor) for event in events_of(instance_id) if event.step_key]
    assert told[-2:] == [(f"step.{kind}", OPERATOR), (f"step.{end.lower()}", "system")]
    query = select(AuditEntry).where(AuditEntry.subject == "step")
    (entry,) = look(lambda session: session.scalars(query).all())
    assert entry.action == f"step.{kind}".replace("_", "-")
    assert (entry.actor, entry.reason) == (OPERATOR, "The contract ended")
    assert (entry.after or {})["state"] == end


def test_what_is_allowed_depends_on_where_the_series_is(app, time):
    instance_id = series()

    def allowed():
        return step_of(instance_id, "bill").allowed_actions

    planned = ["run-now", "reschedule", "skip-occurrence", "stop-recurrence"]
    assert allowed() == [*planned, "skip"]
    time.passes()
    (held,) = claim()
    report_begun(held)
    assert allowed() == ["stop-recurrence", "skip"]
    assert refuses(instance_id, "skip-occurrence", "bill").extra["actionState"] == "RUNNING"
    report_ended(AGAIN, held)
    assert allowed() == ["run-now", "reschedule", "stop-recurrence", "skip"]
    time.passes()
    work()
    assert allowed() == [*planned, "replay", "skip"]
    do(instance_id, "pause")
    assert allowed() == ["skip"]
    do(instance_id, "resume")
    do(instance_id, "stop-recurrence", "bill")
    assert allowed() == ["replay"]


def test_a_group_with_the_end_of_one_series_and_another_s_writes_both(app, time):
    rule = {"recurrence": {"everySeconds": HOUR, "count": 2}}
    publish(webhook("bill", config=rule), webhook("report", config=rule))
    instance_id = begin()
    time.passes()
    assert work() == 2
    time.passes()
    assert work() == 2
    assert set(states(instance_id).values()) == {"COMPLETED"}
