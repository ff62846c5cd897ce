"""Skipping: going on without a step."""

import pytest

from app.domain.outcomes import Outcome
from tests.support.looking import (
    attempts_of,
    do,
    events_of,
    executions_of,
    instance_of,
    jobs,
    kinds,
    refuses,
    states,
    step_of,
)
from tests.support.marks import both_databases
from tests.support.workflows import begin, claim, publish, report_begun, task, webhook, work


def test_a_pending_step_is_skipped_at_once_and_what_follows_waits_for_the_rest(app):
    publish(task("a"), task("b", "a"), task("c"), task("d", "b", "c"))
    instance_id = begin()

    do(instance_id, "skip", "b", reason="Not this time")
    assert states(instance_id) == {"a": "READY", "b": "SKIPPED", "c": "READY", "d": "PENDING"}
    do(instance_id, "complete", "c")
    assert states(instance_id)["d"] == "READY"


def test_the_reason_stands_on_the_step_and_in_the_history(app):
    publish(task("a"))
    instance_id = begin()
    do(instance_id, "skip", "a", reason="Done by phone")

    assert step_of(instance_id, "a").reason == "Done by phone"
    skipped = events_of(instance_id)[-2]
    assert (skipped.kind, skipped.reason) == ("step.skipped", "Done by phone")
    assert skipped.data == {"from": "READY", "actionState": "IDLE"}


def test_a_step_skipped_by_an_operator_counts_as_done_for_what_follows(app):
    publish(task("a"), task("b", "a"))
    instance_id = begin()
    do(instance_id, "skip", "a")

    assert states(instance_id)["b"] == "READY"


def test_skipping_beside_a_step_skipped_by_condition_activates_the_join(app):
    never = {"all": [["input.never", "exists"]]}
    publish(task("a", when=never), task("b"), task("join", "a", "b"))
    instance_id = begin()
    do(instance_id, "skip", "b")

    assert states(instance_id)["join"] == "READY"


@both_databases
def test_skipping_a_queued_step_takes_its_job_away(app):
    publish(webhook("send"), task("next", "send"))
    instance_id = begin()
    do(instance_id, "skip", "send")

    assert jobs() == []
    assert claim() == []
    assert states(instance_id) == {"send": "SKIPPED", "next": "READY"}


@both_databases
def test_skipping_a_running_step_closes_its_attempt_as_abandoned(app):
    publish(webhook("send"), task("next", "send"))
    instance_id = begin()
    report_begun(*claim())
    do(instance_id, "skip", "send")

    step = step_of(instance_id, "send")
    (attempt,) = attempts_of(step.id)
    assert attempt.outcome == "abandoned"
    assert attempt.ended_at is not None
    assert attempt.error == "Taken from the worker while it ran; the receiver may have acted."
    (execution,) = executions_of(step.id)
    assert execution.outcome == "abandoned"
    assert states(instance_id) == {"send": "SKIPPED", "next": "READY"}


def test_skipping_a_failed_step_ends_the_need_for_attention(app):
    publish(webhook("send"), task("next", "send"))
    instance_id = begin()
    work(Outcome(verdict="failed", error="HTTP 404"))
    assert instance_of(instance_id).needs_attention
    do(instance_id, "skip", "send", reason="Sent by hand")

    instance = instance_of(instance_id)
    assert (instance.state, instance.needs_attention) == ("RUNNING", False)
    assert kinds(instance_id)[-3:] == ["step.skipped", "step.ready", "instance.attention_cleared"]


@pytest.mark.parametrize("how", ["complete", "skip"])
def test_what_is_over_can_not_be_skipped(app, how):
    publish(task("a"), task("b"))
    instance_id = begin()
    do(instance_id, how, "a")

    refusal = refuses(instance_id, "skip", "a")
    assert refusal.extra["state"] == {"complete": "COMPLETED", "skip": "SKIPPED"}[how]
    assert refusal.extra["allowedActions"] == []
    assert refusal.extra["lastChange"]["actor"] == "user:operator@example.com"
