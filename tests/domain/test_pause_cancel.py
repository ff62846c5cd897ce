"""Pausing, resuming and cancelling an instance."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from app import clock
from app.domain.outcomes import Outcome
from app.models import AutomationJob
from tests.support.looking import (
    do,
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
    begin,
    claim,
    publish,
    report_begun,
    report_ended,
    task,
    webhook,
    work,
)

DONE = Outcome(verdict="done")
AGAIN = Outcome(verdict="retry", error="HTTP 500")
NOTE = {"channel": "IN_APP", "trigger": "ON_COMPLETED"}


@both_databases
def test_while_paused_nothing_is_claimed_and_after_it_all_is(app):
    publish(webhook("a"), webhook("b"))
    instance_id = begin()
    do(instance_id, "pause", reason="Waiting for the bank")

    assert instance_of(instance_id).state == "PAUSED"
    assert claim() == []
    do(instance_id, "resume")
    assert work() == 2
    assert instance_of(instance_id).state == "COMPLETED"


def test_what_runs_ends_and_is_recorded_but_nothing_follows_until_resumed(app):
    publish(webhook("a"), webhook("b", "a"))
    instance_id = begin()
    held = claim()
    report_begun(*held)
    do(instance_id, "pause")
    report_ended(DONE, *held)

    assert states(instance_id) == {"a": "COMPLETED", "b": "PENDING"}
    assert instance_of(instance_id).state == "PAUSED"
    do(instance_id, "resume")
    assert states(instance_id)["b"] == "READY"
    assert work() == 1


def test_what_fails_while_paused_falls_due_but_waits(app):
    publish(webhook("a", config={"retry": {"schedule": [5, 5]}}))
    instance_id = begin()
    held = claim()
    report_begun(*held)
    do(instance_id, "pause")
    report_ended(AGAIN, *held)
    assert state_pair(instance_id, "a") == ("STARTED", "RETRY_WAIT")
    clock.travel(timedelta(seconds=60))
    assert claim() == []

    do(instance_id, "resume")
    assert work() == 1


def test_a_time_that_comes_while_paused_is_due_when_resumed(app):
    publish(webhook("a", config={"delay": "PT1M"}))
    instance_id = begin()
    do(instance_id, "pause")
    clock.travel(timedelta(hours=1))
    assert claim() == []
    do(instance_id, "resume")

    assert work() == 1


def test_while_paused_people_can_only_skip(app):
    publish(task("call"), task("write"), webhook("send"), task("next", "write"))
    instance_id = begin()
    do(instance_id, "start", "call")
    do(instance_id, "pause")

    for action in ("complete", "fail", "start", "retry"):
        assert refuses(instance_id, action, "call").extra["instanceState"] == "PAUSED"
    for step in instance_of(instance_id).steps:
        assert step.allowed_actions == ["skip"]
    do(instance_id, "skip", "write")
    assert states(instance_id) == {
        "call": "STARTED",
        "write": "SKIPPED",
        "send": "READY",
        "next": "PENDING",
    }


def test_paused_outranks_attention_which_is_told_beside_it(app):
    publish(task("call"), task("write"))
    instance_id = begin()
    do(instance_id, "fail", "call")
    do(instance_id, "pause")

    instance = instance_of(instance_id)
    assert (instance.state, instance.needs_attention) == ("PAUSED", True)
    do(instance_id, "resume")
    assert instance_of(instance_id).state == "ATTENTION"


@both_databases
def test_owed_notices_are_not_held(app):
    publish(task("call", notificationPolicies=[NOTE]), task("write"))
    instance_id = begin()
    do(instance_id, "complete", "call")
    do(instance_id, "pause")

    query = select(AutomationJob).where(AutomationJob.kind == "notice")
    (notice,) = look(lambda session: session.scalars(query).all())
    assert not notice.held


def test_pause_and_resume_are_refused_twice(app):
    publish(task("call"))
    instance_id = begin()
    refuses(instance_id, "resume")
    do(instance_id, "pause")

    assert refuses(instance_id, "pause").extra["allowedActions"] == ["resume", "cancel"]


@both_databases
def test_cancel_ends_what_is_open_and_leaves_what_is_over(app):
    publish(task("a"), task("b"), webhook("c"), task("d", "b"), task("e"))
    instance_id = begin()
    do(instance_id, "complete", "a")
    do(instance_id, "fail", "e")
    do(instance_id, "cancel", reason="The customer withdrew")

    assert states(instance_id) == {
        "a": "COMPLETED",
        "b": "CANCELLED",
        "c": "CANCELLED",
        "d": "CANCELLED",
        "e": "FAILED",
    }
    instance = instance_of(instance_id)
    assert instance.state == "CANCELLED"
    assert instance.ended_at is not None
    assert step_of(instance_id, "b").reason == "The customer withdrew"
    assert kinds(instance_id)[-1] == "instance.cancelled"
    assert jobs() == []


def test_a_result_that_comes_after_cancel_is_fenced(app):
    publish(webhook("send"), task("next", "send"))
    instance_id = begin()
    held = claim()
    report_begun(*held)
    do(instance_id, "cancel")
    report_ended(DONE, *held)

    assert states(instance_id) == {"send": "CANCELLED", "next": "CANCELLED"}
    outcomes = [row.outcome for row in step_of(instance_id, "send").automation_log]
    assert outcomes == ["abandoned", "fenced"]
    assert kinds(instance_id)[-1] == "attempt.fenced"


@pytest.mark.parametrize("action", ["cancel", "pause", "resume"])
def test_a_finished_instance_can_not_be_changed(app, action):
    publish(task("a"))
    instance_id = begin()
    do(instance_id, "complete", "a")

    refusal = refuses(instance_id, action)
    assert refusal.extra["state"] == "COMPLETED"
    assert refusal.extra["allowedActions"] == []
    assert refusal.extra["lastChange"]["kind"] == "instance.completed"


def test_no_step_of_a_cancelled_instance_can_be_acted_on_but_for_replay(app):
    publish(webhook("sent"), webhook("failed"), task("call"))
    instance_id = begin()
    sent, failed = claim()
    report_begun(sent, failed)
    report_ended(DONE, sent)
    report_ended(Outcome(verdict="failed", error="HTTP 404"), failed)
    do(instance_id, "cancel")

    allowed = {step.key: step.allowed_actions for step in instance_of(instance_id).steps}
    assert allowed == {"sent": ["replay"], "failed": ["replay"], "call": []}
    refuses(instance_id, "retry", "failed")
    refuses(instance_id, "complete", "call")
