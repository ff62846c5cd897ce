"""What a person or program may do with a step or an instance now. Buttons, both doors and
`allowedActions` ask here; refusals name the present state and who changed it."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from app.domain.ledger import Ledger
from app.domain.records import FINISHED_INSTANCE, InstanceRecord, StepRecord
from app.errors import MoveNotAllowed
from app.models import Event
from app.models.vocabulary import ActionState, InstanceState, State
from app.schemas.actions import PEOPLE_TYPES
from app.schemas.base import zulu

_PEOPLE: Mapping[str, tuple[str, ...]] = {
    State.PENDING: ("skip",),
    State.READY: ("start", "complete", "fail", "skip"),
    State.STARTED: ("complete", "fail", "skip"),
    State.FAILED: ("retry", "skip"),
}
_SYSTEM: Mapping[str, tuple[str, ...]] = {
    State.PENDING: ("skip",),
    State.READY: ("skip",),
    State.STARTED: ("skip",),
    State.FAILED: ("retry", "skip", "replay"),
    State.COMPLETED: ("replay",),
}
_PLANNED = {
    (State.READY, ActionState.SCHEDULED),
    (State.STARTED, ActionState.RETRY_WAIT),
    (State.STARTED, ActionState.SCHEDULED),
}
_REPLAYABLE = ("AUTOMATION_WEBHOOK", "AUTOMATION_EMAIL")


def step_actions(
    action_type: str, state: str, action_state: str, instance_state: str, *, paused: bool = False
) -> list[str]:
    """The actions that a step allows, most helpful first."""
    people = action_type in PEOPLE_TYPES
    actions = list((_PEOPLE if people else _SYSTEM).get(state, ()))
    if action_state == ActionState.WAITING:  # what the call would do, by hand
        actions = ["complete", "fail", *actions]
    if (state, action_state) in _PLANNED and not people:
        actions.insert(0, "run-now")
    if action_type not in _REPLAYABLE:
        actions = [action for action in actions if action != "replay"]
    if instance_state in FINISHED_INSTANCE:
        return [action for action in actions if action == "replay"]
    if paused:
        return [action for action in actions if action == "skip"]
    return actions


def instance_actions(state: str, *, paused: bool) -> list[str]:
    """The actions that an instance allows."""
    if state in FINISHED_INSTANCE:
        return []
    return ["resume" if paused else "pause", "cancel"]


def require_step_action(
    ledger: Ledger, instance: InstanceRecord, step: StepRecord, action: str
) -> None:
    """Raise MoveNotAllowed unless the step allows the action now."""
    allowed = step_actions(
        step.action_type, step.state, step.action_state, instance.state, paused=instance.paused
    )
    if action not in allowed:
        raise MoveNotAllowed(
            _refusal(instance, step, action),
            state=step.state,
            actionState=step.action_state,
            instanceState=instance.state,
            allowedActions=allowed,
            lastChange=_last_change(ledger, instance, step.key),
        )


def require_instance_action(ledger: Ledger, instance: InstanceRecord, action: str) -> None:
    """Raise MoveNotAllowed unless the instance allows the action now."""
    allowed = instance_actions(instance.state, paused=instance.paused)
    if action not in allowed:
        raise MoveNotAllowed(
            f"'{action}' is not possible: the instance is {instance.state}.",
            state=instance.state,
            allowedActions=allowed,
            lastChange=_last_change(ledger, instance, None),
        )


def _refusal(instance: InstanceRecord, step: StepRecord, action: str) -> str:
    if instance.state in (*FINISHED_INSTANCE, InstanceState.PAUSED):
        return f"'{action}' is not possible: the instance is {instance.state}."
    return f"'{action}' is not possible: the step is {step.state} ({step.action_state})."


def _last_change(
    ledger: Ledger, instance: InstanceRecord, step_key: str | None
) -> dict[str, Any] | None:
    query = select(Event).where(Event.instance_id == instance.id).order_by(Event.seq.desc())
    if step_key is not None:
        query = query.where(Event.step_key == step_key)
    event = ledger.session.scalars(query.limit(1)).first()
    if event is None:
        return None
    return {"kind": event.kind, "actor": event.actor, "at": zulu(event.at)}
