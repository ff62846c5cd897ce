"""Workers that die while they hold a step."""

from datetime import timedelta

import pytest

from app import clock, transaction
from app.domain import losses
from app.domain.claims import Claim
from app.domain.outcomes import Outcome
from tests.support.looking import (
    do,
    executions_of,
    instance_of,
    jobs,
    kinds,
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

AGAIN = Outcome(verdict="retry", error="HTTP 500")
POISON_AFTER = 3
LONGEST_REST = max(losses.RESTS)


class Time:
    """Moves on, never back."""

    def __init__(self) -> None:
        self.gone = 0.0

    def passes(self, seconds: float) -> None:
        self.gone += seconds
        clock.travel(timedelta(seconds=self.gone))


@pytest.fixture
def time() -> Time:
    return Time()


def lose(time: Time, *, alone: bool = False, begun: bool = True) -> list[Claim]:
    """A worker claims, begins, and is never heard of again."""
    time.passes(LONGEST_REST)
    held = claim(worker="doomed", alone=alone)
    if begun:
        report_begun(*held, worker="doomed")
    time.passes(16)
    with transaction.writing() as session:
        assert losses.give_back_expired(session, POISON_AFTER) == len(held)
    return held


@both_databases
@pytest.mark.parametrize("begun", [True, False])
def test_a_lost_attempt_is_logged_as_unknown_and_does_not_count(app, time, begun):
    publish(webhook("send", config={"retry": {"maxAttempts": 1}}))
    instance_id = begin()
    (held,) = lose(time, begun=begun)

    step = step_of(instance_id, "send")
    assert (step.state, step.action_state) == ("STARTED", "RETRY_WAIT")
    (row,) = step.automation_log
    assert (row.attempt, row.outcome, row.worker) == (1, "unknown", "doomed")
    assert row.error == "The worker was lost while it tried; the receiver may have acted."
    assert row.ended_at is not None
    assert kinds(instance_id, "send") == ["step.ready", "step.started", "attempt.unknown"]
    (again,) = claim()
    assert again.execution_token == held.execution_token
    assert (again.attempt, again.allowed) == (2, 2)
    report_begun(again)
    report_ended(Outcome(verdict="done"), again)
    assert states(instance_id) == {"send": "COMPLETED"}


def test_after_a_loss_the_schedule_goes_on_where_it_was(app, time):
    publish(webhook("send", config={"retry": {"schedule": [10, 500]}}))
    instance_id = begin()
    lose(time)
    work(AGAIN)

    planned = step_of(instance_id, "send").next_attempt_at
    assert planned is not None
    assert timedelta(seconds=8) < planned - clock.now() <= timedelta(seconds=10)


def test_a_lease_that_has_not_run_out_is_not_given_back(app, time):
    publish(webhook("send"))
    begin()
    claim()
    time.passes(14)
    with transaction.writing() as session:
        assert losses.give_back_expired(session, POISON_AFTER) == 0


@both_databases
def test_of_workers_known_to_be_dead_leases_are_given_back_at_once_and_of_no_others(app):
    publish(webhook("send"))
    hit, spared = begin(), begin()
    (lost,) = claim(1, worker="doomed")
    (kept,) = claim(1, worker="alive")
    report_begun(lost, worker="doomed")
    with transaction.writing() as session:
        assert losses.give_back_expired(session, POISON_AFTER, ["doomed", "stranger"]) == 1

    (row,) = step_of(hit, "send").automation_log
    assert (row.outcome, row.worker) == ("unknown", "doomed")
    (again,) = claim()
    assert (again.execution_token, again.losses) == (lost.execution_token, 1)
    report_begun(kept, worker="alive")
    report_ended(Outcome(verdict="done"), kept, worker="alive")
    assert states(spared) == {"send": "COMPLETED"}


@both_databases
def test_after_two_losses_in_a_row_a_step_is_claimed_alone(app, time):
    publish(webhook("killer"), webhook("neighbour"))
    begin()
    lose(time)
    lose(time)

    assert claim() == []
    (first,) = claim(10, alone=True)
    (second,) = claim(10, alone=True)
    assert {first.losses, second.losses} == {2}
    assert claim(10, alone=True) == []


@both_databases
def test_three_losses_alone_set_the_step_aside(app, time):
    publish(webhook("killer"), task("next", "killer"))
    instance_id = begin()
    lose(time)
    lose(time)
    lose(time, alone=True)
    lose(time, alone=True)
    assert state_pair(instance_id, "killer") == ("STARTED", "RETRY_WAIT")
    lose(time, alone=True)

    step = step_of(instance_id, "killer")
    assert (step.state, step.action_state) == ("FAILED", "POISONED")
    assert step.error is not None and step.error.startswith("Set aside: 3 workers")
    assert [row.outcome for row in step.automation_log] == ["unknown"] * 5
    assert instance_of(instance_id).state == "ATTENTION"
    assert jobs() == []
    assert executions_of(step.id)[0].ended_at is not None
    assert states(instance_id)["next"] == "PENDING"


def test_after_each_loss_alone_a_step_rests_longer(app, time):
    publish(webhook("killer"))
    instance_id = begin()
    lose(time)
    lose(time)
    for rest in losses.RESTS[:2]:
        lose(time, alone=True)
        planned = step_of(instance_id, "killer").next_attempt_at
        assert planned is not None
        assert rest - 1 < (planned - clock.now()).total_seconds() <= rest
        assert claim(alone=True) == []


def test_a_poisoned_step_can_be_retried_and_begins_unsuspected(app, time):
    publish(webhook("killer", config={"retry": {"maxAttempts": 2, "schedule": [0]}}))
    instance_id = begin()
    for alone in (False, False, True, True, True):
        lose(time, alone=alone)
    do(instance_id, "retry", "killer")

    (held,) = claim()
    assert (held.losses, held.losses_alone) == (0, 0)
    assert (held.attempt, held.allowed) == (6, 7)


def test_a_neighbour_of_a_killer_is_never_poisoned_for_it(app, time):
    publish(webhook("killer"), webhook("neighbour"))
    instance_id = begin()
    lose(time)
    lose(time)
    for _ in range(2):  # each is tried alone; the neighbour does well then
        held = claim(alone=True)
        report_begun(*held)
        if held[0].action_config["url"].endswith("neighbour"):
            report_ended(Outcome(verdict="done"), *held)
    time.passes(16)
    with transaction.writing() as session:
        losses.give_back_expired(session, POISON_AFTER)
    lose(time, alone=True)
    lose(time, alone=True)

    assert state_pair(instance_id, "killer") == ("FAILED", "POISONED")
    assert states(instance_id)["neighbour"] == "COMPLETED"


def test_a_finished_attempt_ends_the_row_of_losses(app, time):
    publish(webhook("send", config={"retry": {"schedule": [0, 0, 0]}}))
    begin()
    lose(time)
    lose(time)
    held = claim(alone=True)
    report_begun(*held)
    report_ended(AGAIN, *held)

    (again,) = claim()
    assert (again.losses, again.losses_alone) == (0, 0)


@both_databases
def test_a_replay_that_kills_its_workers_is_given_up_and_the_step_stays_completed(app, time):
    publish(webhook("killer"))
    instance_id = begin()
    work()
    do(instance_id, "replay", "killer")
    for alone in (False, False, True, True, True):
        lose(time, alone=alone)

    assert jobs() == []
    assert states(instance_id) == {"killer": "COMPLETED"}
    assert kinds(instance_id)[-1] == "attempt.replay_finished"
    replay = executions_of(step_of(instance_id, "killer").id)[1]
    assert (replay.outcome, replay.attempts) == ("unknown", 5)


def test_a_step_lost_while_its_instance_is_paused_waits(app, time):
    publish(webhook("send"))
    instance_id = begin()
    report_begun(*claim())
    do(instance_id, "pause")
    time.passes(16)
    with transaction.writing() as session:
        losses.give_back_expired(session, POISON_AFTER)

    assert state_pair(instance_id, "send") == ("STARTED", "RETRY_WAIT")
    assert claim() == []
    do(instance_id, "resume")
    assert work() == 1
