"""What a person or program may do with a step or an instance now. Buttons, both doors and
`allowedActions` ask here; refusals name the present state and who changed it."""

from collections.abc import Mapping
from typing import Any, NoReturn

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
    action_type: str,
    state: str,
    action_state: str,
    instance_state: str,
    *,
    paused: bool = False,
    recurs: bool = False,
) -> list[str]:
    """The actions that a step allows, most helpful first."""
    people = action_type in PEOPLE_TYPES
    actions = list((_PEOPLE if people else _SYSTEM).get(state, ()))
    if action_state == ActionState.WAITING:  # what the call would do, by hand
        actions = ["complete", "fail", *actions]
    if recurs:
        actions = _of_series(state, action_state) + actions
    if (state, action_state) in _PLANNED and not people:
        actions = ["run-now", "reschedule", *actions]
    if action_type not in _REPLAYABLE:
        actions = [action for action in actions if action != "replay"]
    if instance_state in FINISHED_INSTANCE:
        return [action for action in actions if action == "replay"]
    if paused:
        return [action for action in actions if action == "skip"]
    return actions


def _of_series(state: str, action_state: str) -> list[str]:
    """What a step allows beside, because it recurs and its series has not ended."""
    if state not in (State.READY, State.STARTED):
        return []
    actions = ["stop-recurrence"]
    if action_state == ActionState.SCHEDULED:
        actions.insert(0, "skip-occurrence")
        if state == State.STARTED:  # one has ended, well or not
            actions.append("replay")
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
    if action not in _allowed(instance, step):
        refuse(ledger, instance, step, _refusal(instance, step, action))


def refuse(ledger: Ledger, instance: InstanceRecord, step: StepRecord, message: str) -> NoReturn:
    """Raise MoveNotAllowed, with how the step stands and who changed it last."""
    raise MoveNotAllowed(
        message,
        state=step.state,
        actionState=step.action_state,
        instanceState=instance.state,
        allowedActions=_allowed(instance, step),
        lastChange=_last_change(ledger, instance, step.key),
    )


def _allowed(instance: InstanceRecord, step: StepRecord) -> list[str]:
    return step_actions(
        step.action_type,
        step.state,
        step.action_state,
        instance.state,
        paused=instance.paused,
        recurs=step.occurrence is not None,
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
