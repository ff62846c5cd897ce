"""When a step becomes READY, or is skipped instead."""

from datetime import timedelta

import pytest

from app import clock
from app.domain.outcomes import Outcome
from tests.support.looking import (
    do,
    events_of,
    instance_of,
    jobs,
    kinds,
    state_pair,
    states,
    step_of,
)
from tests.support.marks import both_databases
from tests.support.workflows import begin, claim, publish, report_begun, task, webhook, work


def test_steps_that_wait_for_nothing_are_ready_at_once(app):
    publish(task("call"), webhook("notify"), task("later", "call"))
    instance_id = begin()

    assert states(instance_id) == {"call": "READY", "notify": "READY", "later": "PENDING"}
    assert state_pair(instance_id, "call") == ("READY", "IDLE")
    assert state_pair(instance_id, "notify") == ("READY", "QUEUED")


def test_a_step_waits_for_all_it_depends_on(app):
    publish(task("left"), task("right"), task("join", "left", "right"))
    instance_id = begin()

    do(instance_id, "complete", "left")
    assert states(instance_id)["join"] == "PENDING"
    do(instance_id, "complete", "right")
    assert states(instance_id)["join"] == "READY"


@both_databases
def test_a_ready_automation_owes_one_job_with_all_a_worker_needs(app):
    publish(webhook("reserve", config={"method": "PUT"}))
    instance_id = begin()
    step = step_of(instance_id, "reserve")

    (job,) = jobs()
    assert (job.kind, job.step_id, job.instance_id) == ("step", step.id, instance_id)
    assert job.action_type == "AUTOMATION_WEBHOOK"
    assert job.action_config["method"] == "PUT"
    assert job.execution_token == step.execution_token
    assert (job.attempt, job.allowed, job.held) == (1, 10, False)


def test_a_false_condition_skips_the_step_and_says_why(app):
    publish(webhook("refund", when={"all": [["input.amount", ">", 0]]}))
    instance_id = begin(amount=0)

    step = step_of(instance_id, "refund")
    assert (step.state, step.action_state) == ("SKIPPED", "IDLE")
    assert step.reason == "input.amount was 0, wanted > 0"
    assert instance_of(instance_id).state == "COMPLETED"
    assert jobs() == []


def test_a_skip_by_condition_is_not_put_down_to_whoever_acted_before_it(app):
    never = {"all": [["input.never", "exists"]]}
    publish(task("call"), task("write", "call", when=never))
    instance_id = begin()
    do(instance_id, "complete", "call")

    skipped = next(event for event in events_of(instance_id) if event.kind == "step.skipped")
    assert (skipped.actor, skipped.reason) == ("system", "input.never is missing, wanted exists")


def test_a_condition_reads_what_the_steps_before_brought_forth(app):
    publish(
        task("check"),
        task("good", "check", when={"all": [["steps.check.output.ok", "=", True]]}),
        task("bad", "check", when={"all": [["steps.check.output.ok", "!=", True]]}),
    )
    instance_id = begin()
    do(instance_id, "complete", "check", output={"ok": True})

    assert states(instance_id) == {"check": "COMPLETED", "good": "READY", "bad": "SKIPPED"}


@both_databases
def test_a_condition_reads_what_an_earlier_transaction_and_this_one_wrote(app):
    both = {"all": [["steps.one.output.n", "=", 1], ["steps.two.output.n", "=", 2]]}
    publish(webhook("one"), webhook("two", "one"), task("both", "two", when=both))
    instance_id = begin()

    work(Outcome(verdict="done", output={"n": 1}))
    work(Outcome(verdict="done", output={"n": 2}))

    assert states(instance_id)["both"] == "READY"


def test_a_missing_path_makes_the_condition_false(app):
    publish(task("vip", when={"all": [["input.customer.tier", "!=", "basic"]]}))
    instance_id = begin()

    step = step_of(instance_id, "vip")
    assert step.state == "SKIPPED"
    assert step.reason == "input.customer.tier is missing, wanted != basic"


def test_what_follows_only_steps_skipped_by_condition_is_skipped_likewise(app):
    never = {"all": [["input.never", "exists"]]}
    publish(
        task("a", when=never),
        task("b", when=never),
        task("after_both", "a", "b"),
        task("after_that", "after_both"),
    )
    instance_id = begin()

    assert set(states(instance_id).values()) == {"SKIPPED"}
    assert step_of(instance_id, "after_that").reason == "all steps before it were skipped"
    assert instance_of(instance_id).state == "COMPLETED"


def test_a_join_goes_on_if_one_branch_was_taken(app):
    never = {"all": [["input.never", "exists"]]}
    publish(task("taken"), task("not_taken", when=never), task("join", "taken", "not_taken"))
    instance_id = begin()
    do(instance_id, "complete", "taken")

    assert states(instance_id)["join"] == "READY"


def test_a_rejected_approval_is_completed_and_branches(app):
    approval = task("approve") | {"actionType": "APPROVAL"}
    publish(
        approval,
        task("pay", "approve", when={"all": [["steps.approve.output.outcome", "=", "approved"]]}),
        task("tell", "approve", when={"all": [["steps.approve.output.outcome", "=", "rejected"]]}),
    )
    instance_id = begin()
    do(instance_id, "complete", "approve", output={"outcome": "rejected"})

    assert states(instance_id) == {"approve": "COMPLETED", "pay": "SKIPPED", "tell": "READY"}


def test_a_delay_schedules_the_step(app):
    publish(webhook("remind", config={"delay": "PT15M"}))
    instance_id = begin()

    step = step_of(instance_id, "remind")
    assert (step.state, step.action_state) == ("READY", "SCHEDULED")
    assert step.next_attempt_at is not None
    assert timedelta(minutes=14) < step.next_attempt_at - clock.now() <= timedelta(minutes=15)
    assert claim() == []
    clock.travel(timedelta(minutes=15))
    assert work() == 1
    assert state_pair(instance_id, "remind") == ("COMPLETED", "COMPLETED")


def test_run_at_may_be_a_placeholder(app):
    publish(webhook("open", config={"runAt": "{{ input.opensAt }}"}))
    instance_id = begin(opensAt="2999-01-01T00:00:00Z")

    step = step_of(instance_id, "open")
    assert step.action_state == "SCHEDULED"
    assert step.next_attempt_at is not None and step.next_attempt_at.year == 2999


def test_a_time_that_is_past_is_due_at_once(app):
    publish(webhook("open", config={"runAt": "2001-01-01T00:00:00Z"}))
    instance_id = begin()

    assert state_pair(instance_id, "open") == ("READY", "QUEUED")
    assert work() == 1


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({}, "input.opensAt is missing"),
        ({"opensAt": "soon"}, "runAt: 'soon' is not a time; write 2026-01-31T09:00:00Z."),
    ],
)
def test_a_time_that_can_not_be_read_fails_the_step_at_once(app, given, error):
    publish(webhook("open", config={"runAt": "{{ input.opensAt }}"}), task("other"))
    instance_id = begin(**given)

    step = step_of(instance_id, "open")
    assert (step.state, step.action_state, step.error) == ("FAILED", "FAILED", error)
    assert instance_of(instance_id).state == "ATTENTION"
    assert states(instance_id)["other"] == "READY"
    assert jobs() == []


def test_a_failed_step_holds_back_only_its_own_branch(app):
    publish(task("a"), task("b"), task("after_a", "a"), task("after_b", "b"))
    instance_id = begin()
    do(instance_id, "fail", "a", reason="No stock")
    do(instance_id, "complete", "b")

    assert states(instance_id) == {
        "a": "FAILED",
        "b": "COMPLETED",
        "after_a": "PENDING",
        "after_b": "READY",
    }
    instance = instance_of(instance_id)
    assert (instance.state, instance.needs_attention) == ("ATTENTION", True)


def test_an_instance_is_completed_when_all_steps_are_and_says_so_once(app):
    publish(task("a"), task("b", "a"))
    instance_id = begin()
    do(instance_id, "complete", "a")
    assert instance_of(instance_id).state == "RUNNING"
    do(instance_id, "complete", "b")

    instance = instance_of(instance_id)
    assert instance.state == "COMPLETED"
    assert instance.ended_at is not None
    assert kinds(instance_id).count("instance.completed") == 1
    assert kinds(instance_id)[-1] == "instance.completed"


def test_history_says_who_did_what(app):
    publish(task("call"), webhook("send", "call"))
    instance_id = begin()
    do(instance_id, "complete", "call", reason="Reached them")
    held = claim()
    report_begun(*held)

    told = [
        (event.seq, event.kind, event.step_key, event.reason) for event in events_of(instance_id)
    ]
    assert told == [
        (1, "instance.started", None, None),
        (2, "step.ready", "call", None),
        (3, "step.started", "call", None),
        (4, "step.completed", "call", "Reached them"),
        (5, "step.ready", "send", None),
        (6, "step.started", "send", None),
    ]
    assert {event.actor for event in events_of(instance_id)[:4]} == {"user:operator@example.com"}
    assert events_of(instance_id)[5].actor == "system"


def test_a_due_time_counts_from_when_the_step_became_ready(app):
    publish(task("call"), task("write", "call", dueIn="P1D"))
    instance_id = begin()
    assert step_of(instance_id, "write").due_at is None
    do(instance_id, "complete", "call")

    due = step_of(instance_id, "write").due_at
    assert due is not None
    assert timedelta(hours=23) < due - clock.now() <= timedelta(days=1)


def test_a_condition_on_the_instance_itself_can_be_met_by_the_first_step(app):
    publish(task("call", when={"all": [["instance.id", ">", 0]]}))
    instance_id = begin()

    assert states(instance_id)["call"] == "READY"
