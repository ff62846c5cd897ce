"""Trying again: by itself, and when an operator says so."""

from datetime import timedelta

import pytest

from app import clock
from app.domain.outcomes import Outcome
from tests.support.looking import (
    do,
    executions_of,
    instance_of,
    jobs,
    kinds,
    refuses,
    state_pair,
    step_of,
)
from tests.support.marks import both_databases
from tests.support.workflows import begin, claim, publish, report_begun, task, webhook, work

AGAIN = Outcome(verdict="retry", error="HTTP 500", status_code=500)
NEVER = Outcome(verdict="failed", error="HTTP 404", status_code=404)


def twice(*waits: float) -> dict[str, object]:
    return {"retry": {"schedule": list(waits)}}


@both_databases
def test_a_failed_attempt_is_planned_again_and_counted(app):
    publish(webhook("send", config=twice(60, 120)))
    instance_id = begin()
    work(AGAIN)

    step = step_of(instance_id, "send")
    assert (step.state, step.action_state) == ("STARTED", "RETRY_WAIT")
    assert (step.attempts, step.error) == (1, "HTTP 500")
    assert step.next_attempt_at is not None
    assert timedelta(seconds=58) < step.next_attempt_at - clock.now() <= timedelta(seconds=60)
    assert claim() == []
    clock.travel(timedelta(seconds=61))
    (again,) = claim()
    assert (again.attempt, again.execution_token) == (2, step.execution_token)


def test_after_the_last_attempt_the_step_is_failed_and_the_instance_wants_attention(app):
    publish(webhook("send", config=twice(0, 0)))
    instance_id = begin()
    assert [work(AGAIN) for _ in range(4)] == [1, 1, 1, 0]

    assert state_pair(instance_id, "send") == ("FAILED", "FAILED")
    step = step_of(instance_id, "send")
    assert [row.outcome for row in step.automation_log] == ["retry", "retry", "failed"]
    assert [row.attempt for row in step.automation_log] == [1, 2, 3]
    assert step.next_attempt_at is None
    assert instance_of(instance_id).state == "ATTENTION"
    assert jobs() == []
    assert kinds(instance_id, "send") == [
        "step.ready",
        "step.started",
        "step.retry_scheduled",
        "attempt.started",
        "step.retry_scheduled",
        "attempt.started",
        "step.failed",
    ]


def test_what_can_not_help_is_not_tried_again(app):
    publish(webhook("send"))
    instance_id = begin()
    work(NEVER)

    assert state_pair(instance_id, "send") == ("FAILED", "FAILED")
    assert step_of(instance_id, "send").attempts == 1


@both_databases
def test_an_operators_retry_keeps_execution_and_token_goes_on_counting_and_has_fresh_tries(app):
    publish(webhook("send", config=twice(0)))
    instance_id = begin()
    work(AGAIN)
    work(AGAIN)
    before = step_of(instance_id, "send")
    do(instance_id, "retry", "send", reason="They fixed it")

    step = step_of(instance_id, "send")
    assert (step.state, step.action_state) == ("READY", "QUEUED")
    assert (step.retry_count, step.attempts, step.max_attempts) == (1, 2, 4)
    assert (step.error, step.reason) == (None, "They fixed it")
    (job,) = jobs()
    assert (job.attempt, job.allowed) == (3, 4)
    work(AGAIN)
    work()

    step = step_of(instance_id, "send")
    assert (step.state, step.attempts) == ("COMPLETED", 4)
    assert step.execution_token == before.execution_token
    assert {row.execution_token for row in step.automation_log} == {before.execution_token}
    assert [row.attempt for row in step.automation_log] == [1, 2, 3, 4]
    assert len(executions_of(step.id)) == 1


def test_fresh_tries_begin_the_schedule_from_its_first_wait(app):
    publish(webhook("send", config=twice(10, 500)))
    instance_id = begin()
    for seconds in (11, 600, 600):
        work(AGAIN)
        clock.travel(timedelta(seconds=seconds))
    clock.travel(timedelta(seconds=600))
    work(AGAIN)
    assert state_pair(instance_id, "send") == ("FAILED", "FAILED")
    do(instance_id, "retry", "send")
    work(AGAIN)

    planned = step_of(instance_id, "send").next_attempt_at
    assert planned is not None
    assert timedelta(seconds=8) < planned - clock.now() <= timedelta(seconds=10)


def test_retry_after_is_kept(app):
    publish(webhook("send", config=twice(1)))
    instance_id = begin()
    work(Outcome(verdict="retry", error="HTTP 429", retry_after=90))

    planned = step_of(instance_id, "send").next_attempt_at
    assert planned is not None
    assert timedelta(seconds=88) < planned - clock.now() <= timedelta(seconds=90)


def test_an_attempt_whose_end_nobody_knows_is_called_unknown_and_tried_again(app):
    publish(webhook("send", config=twice(0)))
    instance_id = begin()
    work(Outcome(verdict="retry", error="The connection ended.", unknown=True))

    assert state_pair(instance_id, "send") == ("STARTED", "RETRY_WAIT")
    assert step_of(instance_id, "send").automation_log[0].outcome == "unknown"


def test_a_persons_failed_step_can_be_retried(app):
    publish(task("call"))
    instance_id = begin()
    do(instance_id, "fail", "call", reason="Nobody there")
    assert step_of(instance_id, "call").error == "Nobody there"
    do(instance_id, "retry", "call")

    assert state_pair(instance_id, "call") == ("READY", "IDLE")
    assert instance_of(instance_id).state == "RUNNING"
    assert jobs() == []


def test_retrying_a_step_whose_time_can_still_not_be_read_fails_it_again(app):
    publish(webhook("open", config={"runAt": "{{ input.opensAt }}"}))
    instance_id = begin()
    do(instance_id, "retry", "open")

    step = step_of(instance_id, "open")
    assert (step.state, step.error) == ("FAILED", "input.opensAt is missing")
    assert jobs() == []


@both_databases
def test_run_now_makes_a_planned_retry_due(app):
    publish(webhook("send", config=twice(3600)))
    instance_id = begin()
    work(AGAIN)
    assert "run-now" in step_of(instance_id, "send").allowed_actions
    do(instance_id, "run-now", "send")

    assert step_of(instance_id, "send").attempts == 1
    assert work() == 1
    assert state_pair(instance_id, "send") == ("COMPLETED", "COMPLETED")


def test_run_now_makes_a_scheduled_step_due(app):
    publish(webhook("send", config={"delay": "P1D"}))
    instance_id = begin()
    do(instance_id, "run-now", "send")

    assert state_pair(instance_id, "send") == ("READY", "QUEUED")
    assert step_of(instance_id, "send").next_attempt_at is None
    assert work() == 1


def test_run_now_does_not_change_since_when_the_step_is_ready(app):
    publish(webhook("send", config={"delay": "P1D"}))
    instance_id = begin()
    since = step_of(instance_id, "send").ready_at
    clock.travel(timedelta(hours=1))
    do(instance_id, "run-now", "send")

    assert step_of(instance_id, "send").ready_at == since


def test_run_now_is_refused_where_nothing_is_planned(app):
    publish(webhook("send"), task("call"), task("later", "call"))
    instance_id = begin()

    assert refuses(instance_id, "run-now", "send").extra["actionState"] == "QUEUED"
    refuses(instance_id, "run-now", "call")
    refuses(instance_id, "run-now", "later")
    report_begun(*claim())
    assert refuses(instance_id, "run-now", "send").extra["actionState"] == "RUNNING"


@pytest.mark.parametrize("key", ["send", "call"])
def test_only_a_failed_step_can_be_retried(app, key):
    publish(webhook("send"), task("call"))
    instance_id = begin()

    refusal = refuses(instance_id, "retry", key)
    assert refusal.extra["state"] == "READY"
    assert "retry" not in refusal.extra["allowedActions"]
    assert refusal.status == 409 and refusal.slug == "move-not-allowed"
