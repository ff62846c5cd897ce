"""Steps that people do: tasks, approvals, forms."""

from typing import Any

import pytest

from app.domain import steps
from app.errors import Invalid, NotFound
from tests.support.looking import change, do, instance_of, kinds, refuses, state_pair, step_of
from tests.support.workflows import OPERATOR, begin, publish, task, webhook

ANSWERS = {
    "type": "object",
    "required": ["size"],
    "properties": {
        "size": {"enum": ["S", "M", "L"]},
        "gift": {"type": "boolean", "default": False},
    },
}


def approval(key: str, *depends_on: str) -> dict[str, Any]:
    return task(key, *depends_on) | {"actionType": "APPROVAL"}


def form(key: str, *depends_on: str) -> dict[str, Any]:
    return task(key, *depends_on, config={"schema": ANSWERS}) | {"actionType": "FORM_INPUT"}


def refused_output(instance_id: int, key: str, **output: Any) -> list[str]:
    """The paths at which an output is refused."""
    with pytest.raises(Invalid) as invalid:
        do(instance_id, "complete", key, output=output)
    return [fault.path for fault in invalid.value.errors]


def test_a_task_is_started_and_completed(app):
    publish(task("call"))
    instance_id = begin()
    do(instance_id, "start", "call")
    assert state_pair(instance_id, "call") == ("STARTED", "IDLE")
    assert step_of(instance_id, "call").allowed_actions == ["complete", "fail", "skip"]
    do(instance_id, "complete", "call", output={"spokeTo": "Grace"})

    step = step_of(instance_id, "call")
    assert (step.state, step.action_state) == ("COMPLETED", "COMPLETED")
    assert step.output == {"spokeTo": "Grace"}
    assert kinds(instance_id, "call") == ["step.ready", "step.started", "step.completed"]


def test_a_task_can_be_completed_without_being_started_and_its_history_is_whole(app):
    publish(task("call"))
    instance_id = begin()
    do(instance_id, "complete", "call")

    assert kinds(instance_id, "call") == ["step.ready", "step.started", "step.completed"]
    step = step_of(instance_id, "call")
    assert step.started_at is not None and step.completed_at is not None


def test_a_failed_task_says_why(app):
    publish(task("call"))
    instance_id = begin()
    do(instance_id, "fail", "call")
    assert step_of(instance_id, "call").error == "Marked as failed."
    do(instance_id, "retry", "call")
    do(instance_id, "fail", "call", reason="Number is dead")
    assert step_of(instance_id, "call").error == "Number is dead"


def test_a_retried_task_that_is_completed_keeps_no_error(app):
    publish(task("call"))
    instance_id = begin()
    do(instance_id, "fail", "call", reason="Nobody there")
    do(instance_id, "retry", "call")
    do(instance_id, "complete", "call")

    assert step_of(instance_id, "call").error is None
    assert instance_of(instance_id).state == "COMPLETED"


@pytest.mark.parametrize(
    ("given", "output"),
    [
        ({}, {"outcome": "approved"}),
        ({"outcome": "approved"}, {"outcome": "approved"}),
        (
            {"outcome": "rejected", "comment": "Too much"},
            {"outcome": "rejected", "comment": "Too much"},
        ),
    ],
)
def test_an_approval_is_completed_either_way(app, given, output):
    publish(approval("approve"))
    instance_id = begin()
    do(instance_id, "complete", "approve", output=given)

    step = step_of(instance_id, "approve")
    assert (step.state, step.output) == ("COMPLETED", output)


@pytest.mark.parametrize("outcome", ["maybe", None, 1, ["approved"], {}])
def test_an_approval_is_nothing_else(app, outcome):
    publish(approval("approve"))
    instance_id = begin()

    assert refused_output(instance_id, "approve", outcome=outcome) == ["output.outcome"]
    assert state_pair(instance_id, "approve") == ("READY", "IDLE")
    assert kinds(instance_id, "approve") == ["step.ready"]


def test_the_answers_of_a_form_are_checked_and_completed_with_defaults(app):
    publish(form("ask"))
    instance_id = begin()

    assert refused_output(instance_id, "ask") == ["output.size"]
    assert refused_output(instance_id, "ask", size="XXL") == ["output.size"]
    assert refused_output(instance_id, "ask", size="S", gift="yes") == ["output.gift"]
    assert state_pair(instance_id, "ask") == ("READY", "IDLE")
    do(instance_id, "complete", "ask", output={"size": "M"})
    assert step_of(instance_id, "ask").output == {"size": "M", "gift": False}


@pytest.mark.parametrize("action", ["start", "complete", "fail"])
def test_what_the_system_does_people_can_not_do(app, action):
    publish(webhook("send"))
    refusal = refuses(begin(), action, "send")
    assert refusal.extra["allowedActions"] == ["skip"]


@pytest.mark.parametrize("action", ["start", "complete", "fail"])
def test_what_is_not_ready_can_not_be_done(app, action):
    publish(task("a"), task("b", "a"))
    refusal = refuses(begin(), action, "b")
    assert refusal.message == f"'{action}' is not possible: the step is PENDING (IDLE)."


def test_a_step_is_started_once(app):
    publish(task("a"))
    instance_id = begin()
    do(instance_id, "start", "a")
    refusal = refuses(instance_id, "start", "a")

    assert refusal.extra["lastChange"]["kind"] == "step.started"


@pytest.mark.parametrize(("instance_id", "key"), [(1, "ghost"), (404, "a")])
def test_what_does_not_exist_is_not_found(app, instance_id, key):
    publish(task("a"))
    begin()
    with pytest.raises(NotFound):
        change(steps.start, instance_id, key, OPERATOR)
