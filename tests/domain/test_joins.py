"""Branches that end at the same moment, in different workers, join once."""

import pytest

from app.domain import steps
from app.domain.outcomes import Outcome
from app.errors import MoveNotAllowed
from tests.support.at_once import at_once
from tests.support.looking import change, do, instance_of, jobs, kinds, states
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
)

DONE = Outcome(verdict="done")


@both_databases
@pytest.mark.parametrize("turn", range(3))
def test_two_workers_that_end_the_last_two_branches_activate_the_join_once(app, turn):
    publish(webhook("left"), webhook("right"), webhook("join", "left", "right"))
    instance_id = begin()
    one, two = claim(1, worker="a")[0], claim(1, worker="b")[0]
    report_begun(one, worker="a")
    report_begun(two, worker="b")

    at_once(app, lambda: report_ended(DONE, one), lambda: report_ended(DONE, two))

    assert states(instance_id)["join"] == "READY"
    assert kinds(instance_id, "join") == ["step.ready"]
    assert [job.kind for job in jobs()] == ["step"]


@both_databases
def test_many_workers_that_end_many_branches_activate_the_join_once(app):
    branches = [f"branch{n}" for n in range(6)]
    publish(*map(webhook, branches), task("join", *branches))
    instance_id = begin()
    held = [claim(1, worker=f"worker-{n}")[0] for n in range(6)]

    def end(one):
        report_begun(one)
        report_ended(DONE, one)

    at_once(app, *(lambda one=one: end(one) for one in held))

    assert kinds(instance_id, "join") == ["step.ready"]
    assert [event for event in kinds(instance_id) if event == "step.completed"] == [
        "step.completed"
    ] * 6


@both_databases
def test_a_worker_and_an_operator_who_end_the_last_two_branches_activate_the_join_once(app):
    publish(webhook("left"), task("right"), webhook("join", "left", "right"))
    instance_id = begin()
    one = claim()[0]
    report_begun(one)

    at_once(app, lambda: report_ended(DONE, one), lambda: do(instance_id, "complete", "right"))

    assert kinds(instance_id, "join") == ["step.ready"]


@both_databases
def test_two_operators_who_complete_the_same_step_complete_it_once(app):
    publish(task("approve"), task("next", "approve"))
    instance_id = begin()

    def complete():
        change(steps.complete, instance_id, "approve", OPERATOR)

    answers = at_once(app, complete, complete)

    assert [type(answer) for answer in answers].count(MoveNotAllowed) == 1
    assert kinds(instance_id, "approve").count("step.completed") == 1
    assert kinds(instance_id, "next") == ["step.ready"]


@both_databases
def test_a_result_and_a_skip_of_the_same_step_end_it_once(app):
    publish(webhook("charge"), task("next", "charge"))
    instance_id = begin()
    one = claim()[0]
    report_begun(one)

    at_once(app, lambda: report_ended(DONE, one), lambda: do(instance_id, "skip", "charge"))

    history = kinds(instance_id, "charge")
    assert ("step.completed" in history) != ("step.skipped" in history)
    assert ("attempt.fenced" in history) == ("step.skipped" in history)
    assert kinds(instance_id, "next") == ["step.ready"]


@both_databases
def test_two_workers_never_claim_the_same_job(app):
    publish(*(webhook(f"step{n}") for n in range(12)))
    begin()

    first, second = at_once(app, lambda: claim(8, worker="a"), lambda: claim(8, worker="b"))

    ids = [one.id for one in [*first, *second]]  # type: ignore[misc]
    assert len(ids) == len(set(ids)) <= 12


@both_databases
def test_history_is_numbered_without_gaps_by_many_writers(app):
    branches = [f"branch{n}" for n in range(5)]
    publish(*map(task, branches))
    instance_id = begin()

    at_once(app, *(lambda key=key: do(instance_id, "complete", key) for key in branches))

    instance = instance_of(instance_id)
    assert instance.state == "COMPLETED"
    assert instance.event_seq == len(kinds(instance_id)) == 2 + 3 * 5
