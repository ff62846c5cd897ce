"""Replay: carrying a step out once more, beside what was."""

from datetime import timedelta

import pytest

from app import clock
from app.domain.outcomes import Outcome
from tests.support.looking import (
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


@both_databases
def test_a_replay_has_a_token_of_its_own_and_leaves_the_step_as_it_is(app):
    publish(webhook("send"), task("next", "send"))
    instance_id = begin()
    work(Outcome(verdict="done", output={"ref": 1}))
    before = step_of(instance_id, "send")
    token = do(instance_id, "replay", "send", reason="They lost it")

    assert token != before.execution_token
    (job,) = jobs()
    assert (job.kind, job.execution_token, job.attempt) == ("replay", token, 1)
    work(Outcome(verdict="done", output={"ref": 2}))

    after = step_of(instance_id, "send")
    assert after.output == {"ref": 1}
    kept = {"automation_log"}
    assert after.model_dump(exclude=kept) == before.model_dump(exclude=kept)
    assert [row.replay for row in after.automation_log] == [False, True]
    first, second = executions_of(after.id)
    assert (second.token, second.replay_of, second.outcome) == (token, first.id, "succeeded")
    assert states(instance_id)["next"] == "READY"
    assert kinds(instance_id, "next") == ["step.ready"]


def test_a_replay_stands_in_the_history_with_its_end(app):
    publish(webhook("send"), task("next", "send"))
    instance_id = begin()
    work()
    token = do(instance_id, "replay", "send", reason="They lost it")
    work()

    replayed, finished = events_of(instance_id)[-2:]
    assert (replayed.kind, replayed.reason) == ("step.replayed", "They lost it")
    assert replayed.data is not None and replayed.data["executionToken"] == token
    assert finished.kind == "attempt.replay_finished"
    assert finished.data is not None and finished.data["outcome"] == "succeeded"


def test_a_replay_that_fails_for_good_leaves_the_step_completed(app):
    publish(webhook("send", config={"retry": {"schedule": [0]}}))
    instance_id = begin()
    work()
    do(instance_id, "replay", "send")
    work(Outcome(verdict="retry", error="HTTP 500"))
    work(Outcome(verdict="retry", error="HTTP 500"))

    assert states(instance_id) == {"send": "COMPLETED"}
    assert instance_of(instance_id).state == "COMPLETED"
    assert events_of(instance_id)[-1].data is not None
    assert kinds(instance_id)[-1] == "attempt.replay_finished"
    assert jobs() == []


def test_a_replay_that_succeeds_does_not_heal_a_failed_step(app):
    publish(webhook("send"))
    instance_id = begin()
    work(Outcome(verdict="failed", error="HTTP 404"))
    do(instance_id, "replay", "send")
    work()

    assert states(instance_id) == {"send": "FAILED"}
    assert instance_of(instance_id).state == "ATTENTION"


@both_databases
def test_a_finished_instance_can_be_replayed(app):
    publish(webhook("send"))
    instance_id = begin()
    work()
    assert instance_of(instance_id).state == "COMPLETED"
    assert step_of(instance_id, "send").allowed_actions == ["replay"]
    do(instance_id, "replay", "send")

    assert work() == 1
    assert instance_of(instance_id).state == "COMPLETED"


@pytest.mark.parametrize("how", ["cancel", "complete"])
def test_an_instance_that_was_paused_when_it_ended_can_be_replayed(app, how):
    publish(webhook("send"), webhook("other"))
    instance_id = begin()
    one, two = claim()
    report_begun(one, two)
    report_ended(Outcome(verdict="done"), one)
    do(instance_id, "replay", "send")
    do(instance_id, "pause")
    assert claim() == []
    if how == "cancel":
        do(instance_id, "cancel")
    else:
        report_ended(Outcome(verdict="done"), two)
    assert instance_of(instance_id).state == {"cancel": "CANCELLED", "complete": "COMPLETED"}[how]

    assert work() == 1  # the one that was asked for before the pause
    do(instance_id, "replay", "send")
    assert work() == 1


def test_the_same_step_can_be_replayed_often(app):
    publish(webhook("send"))
    instance_id = begin()
    work()
    tokens = {do(instance_id, "replay", "send") for _ in range(3)}

    assert len(tokens) == 3
    assert work() == 3


def test_a_replay_retries_by_its_own_count(app):
    publish(webhook("send", config={"retry": {"schedule": [5, 5]}}))
    instance_id = begin()
    work()
    do(instance_id, "replay", "send")
    for turn in range(3):
        clock.travel(timedelta(seconds=10 * turn))
        assert work(Outcome(verdict="retry", error="HTTP 500")) == 1

    assert jobs() == []
    log = step_of(instance_id, "send").automation_log
    assert [(row.attempt, row.outcome) for row in log] == [
        (1, "succeeded"),
        (1, "retry"),
        (2, "retry"),
        (3, "failed"),
    ]


def test_what_runs_or_waits_can_not_be_replayed_nor_what_people_do(app):
    publish(webhook("send"), task("call"), webhook("later", "call"))
    instance_id = begin()

    refuses(instance_id, "replay", "send")
    refuses(instance_id, "replay", "later")
    do(instance_id, "complete", "call")
    refuses(instance_id, "replay", "call")


def test_skipping_a_failed_step_leaves_its_replay_alone(app):
    publish(webhook("send"), task("next", "send"))
    instance_id = begin()
    work(Outcome(verdict="failed", error="HTTP 404"))
    do(instance_id, "replay", "send")
    do(instance_id, "skip", "send")

    assert [job.kind for job in jobs()] == ["replay"]
    assert work() == 1
