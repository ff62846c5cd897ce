"""What people and programs do with one step."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain import audit, input_schemas, lifecycle, producer, waiting
from app.domain.actions import require_step_action
from app.domain.ledger import Ledger, changing
from app.domain.paths import MissingPath
from app.domain.records import InstanceRecord, StepRecord
from app.errors import Invalid, NotFound
from app.models import Execution
from app.models.vocabulary import ActionState, State
from app.schemas.base import zulu


@contextmanager
def acting(
    session: Session, instance_id: int, key: str, action: str, actor: str
) -> Generator[tuple[Ledger, InstanceRecord, StepRecord]]:
    """Lock an instance for one action on one of its steps. Raises NotFound or MoveNotAllowed."""
    with changing(session, [instance_id], actor) as ledger:
        instance = ledger.instances.get(instance_id)
        step = instance.steps.get(key) if instance else None
        if instance is None or step is None:
            raise NotFound("There is no such instance or step.")
        require_step_action(ledger, instance, step, action)
        before = _facts(step)
        yield ledger, instance, step
        changes = audit.changes(before, _facts(step))
        audit.acted(ledger, ledger.last_said(), "step", f"{instance_id}/{key}", **changes)


def _facts(step: StepRecord) -> dict[str, Any]:
    """What the audit says of a step."""
    at = step.next_attempt_at
    return {
        "state": step.state,
        "actionState": step.action_state,
        "executionToken": step.execution_token,
        "nextAttemptAt": zulu(at) if at else None,
    }


def start(session: Session, instance_id: int, key: str, actor: str, reason: str = "") -> None:
    """Somebody begins a step that people do."""
    with acting(session, instance_id, key, "start", actor) as (ledger, instance, step):
        lifecycle.apply(ledger, instance, step, "start", ActionState.IDLE, reason=reason)


def complete(
    session: Session,
    instance_id: int,
    key: str,
    actor: str,
    output: dict[str, Any] | None = None,
    reason: str = "",
) -> None:
    """Somebody finished a step that people do, or knows what a call would have said.
    Raises Invalid where a form's answers do not fit."""
    with acting(session, instance_id, key, "complete", actor) as (ledger, instance, step):
        finish(ledger, instance, step, output or {}, reason)


def finish(
    ledger: Ledger,
    instance: InstanceRecord,
    step: StepRecord,
    output: dict[str, Any],
    reason: str = "",
) -> None:
    """Complete a step by hand with this output. Raises Invalid."""
    step.output = _checked_output(ledger, step, output)
    step.output_changed = True
    step.error = None
    _take_over(ledger, instance, step)
    data = {"output": step.output} if step.output else None
    lifecycle.apply(
        ledger, instance, step, "complete", ActionState.COMPLETED, reason=reason, data=data
    )


def fail(session: Session, instance_id: int, key: str, actor: str, reason: str = "") -> None:
    """Somebody says that a step can't be done: one that people do, or one that waits for a call."""
    with acting(session, instance_id, key, "fail", actor) as (ledger, instance, step):
        give_up(ledger, instance, step, reason)


def give_up(ledger: Ledger, instance: InstanceRecord, step: StepRecord, reason: str = "") -> None:
    """Let a step fail by hand."""
    _take_over(ledger, instance, step)
    step.reason = reason or None
    step.error = reason or "Marked as failed."
    lifecycle.apply(ledger, instance, step, "fail", ActionState.FAILED, reason=reason)


def retry(session: Session, instance_id: int, key: str, actor: str, reason: str = "") -> None:
    """FAILED → READY: the same execution and token, numbers go on, fresh tries."""
    with acting(session, instance_id, key, "retry", actor) as (ledger, instance, step):
        step.retry_count += 1
        step.reason = reason or None
        step.error = None
        try:
            state, step.next_attempt_at = producer.due_again(ledger, instance, step)
        except (MissingPath, ValueError) as error:
            lifecycle.fail_at_once(ledger, instance, step, str(error), "retry", reason)
            return
        lifecycle.apply(
            ledger,
            instance,
            step,
            "retry",
            state,
            reason=reason,
            data={"actionState": str(state), "attemptsSoFar": step.attempts},
        )


def skip(session: Session, instance_id: int, key: str, actor: str, reason: str = "") -> None:
    """Go on without it. What a worker still brings back for it is fenced."""
    with acting(session, instance_id, key, "skip", actor) as (ledger, instance, step):
        pass_over(ledger, instance, step, reason)


def pass_over(ledger: Ledger, instance: InstanceRecord, step: StepRecord, reason: str = "") -> None:
    """Skip a step by hand."""
    data = {"from": step.state, "actionState": step.action_state}
    step.reason = reason or None
    lifecycle.apply(ledger, instance, step, "skip", ActionState.IDLE, reason=reason, data=data)


def replay(
    session: Session,
    instance_id: int,
    key: str,
    actor: str,
    reason: str = "",
    *,
    occurrence: int | None = None,
) -> str:
    """Carry it out once more under a new token, beside what was; returns the token. The step,
    its output and all that depends on it stay as they are. `occurrence`: which one of a step that
    recurs; default: the last that ended. Raises Invalid if that has not been."""
    with acting(session, instance_id, key, "replay", actor) as (ledger, instance, step):
        number = step.occurrence or 1 if occurrence is None else occurrence
        original = _execution(ledger, step, number)
        token = producer.owe_replay(ledger, instance, step, original, number)
        data: dict[str, Any] = {"executionToken": token, "replayOf": original}
        if step.occurrence is not None:
            data["occurrence"] = number
        ledger.record(instance, "step.replayed", step, reason=reason, data=data)
    return token


def _execution(ledger: Ledger, step: StepRecord, number: int) -> str:
    """The token of an occurrence that has been; of a step that does not recur, it is the first."""
    if number == (step.occurrence or 1) and step.execution_token:
        return step.execution_token
    query = select(Execution.token).where(
        Execution.step_id == step.id,
        Execution.occurrence == number,
        Execution.replay_of.is_(None),
        Execution.ended_at.is_not(None),
    )
    token = ledger.session.scalar(query)
    if token is None:
        raise Invalid.at("occurrence", f"No occurrence with the number {number} has been.")
    return token


def _take_over(ledger: Ledger, instance: InstanceRecord, step: StepRecord) -> None:
    """Somebody ends a step by hand: one that is not begun begins, one that waits stops waiting."""
    if step.action_state == ActionState.WAITING:
        waiting.stop(ledger, step)
    if step.state == State.READY:
        lifecycle.apply(ledger, instance, step, "start", ActionState.IDLE)


def _checked_output(ledger: Ledger, step: StepRecord, output: dict[str, Any]) -> dict[str, Any]:
    if step.action_type == "FORM_INPUT":
        return input_schemas.read_input(ledger.config(step)["schema"], output, at="output")
    if step.action_type == "APPROVAL":
        output = {"outcome": "approved"} | output
        if output["outcome"] not in ("approved", "rejected"):
            raise Invalid.at("output.outcome", "Write approved or rejected.")
    return output
