"""Turns READY automation steps into jobs, in the transaction that made them ready.

A job row is what is owed; the bell that is asked for beside it only says that there is one.
"""

from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from app import bells
from app.domain.destinations import destination_of
from app.domain.placeholders import fill_text
from app.models.vocabulary import AUTOMATION_QUEUE, ActionState, JobKind, State
from app.schemas.actions import WAIT_CALLBACK
from app.schemas.durations import parse_duration, parse_moment

if TYPE_CHECKING:
    from app.domain.ledger import Ledger
    from app.domain.lifecycle import Move
    from app.domain.records import InstanceRecord, StepRecord


class TooLate(Exception):
    """The time of a step has passed, and its author said that it is not to be done then."""


def first_due(
    ledger: "Ledger", instance: "InstanceRecord", step: "StepRecord"
) -> tuple[ActionState, datetime | None]:
    """What a step that becomes ready now waits for: a person or a call (IDLE, for a call with the
    time when it is too late), a time (SCHEDULED, with it) or a worker (QUEUED). Raises MissingPath
    or ValueError if one of its times can't be read, TooLate if there is none left for it."""
    from app.domain import series

    if step.is_for_people:
        return ActionState.IDLE, None
    config = ledger.config(step)
    if step.action_type == WAIT_CALLBACK:
        timeout = config.get("timeout")
        return ActionState.IDLE, ledger.now + parse_duration(timeout) if timeout else None
    due = due_at(config, ledger, instance)
    if due < ledger.now and config.get("ifPast") == "skip":
        raise TooLate(f"its time, {due:%Y-%m-%d %H:%M:%S} UTC, had passed")
    if config.get("recurrence"):
        return ActionState.SCHEDULED, series.plan_first(ledger, instance, step, due)
    return (ActionState.SCHEDULED, due) if due > ledger.now else (ActionState.QUEUED, None)


def due_at(config: dict[str, Any], ledger: "Ledger", instance: "InstanceRecord") -> datetime:
    """When something with a `delay` or a `runAt` is due (perhaps in the past), now without either.
    Raises MissingPath or ValueError if it can't be read."""
    if config.get("delay"):
        return ledger.now + parse_duration(config["delay"])
    if config.get("runAt"):
        return read_time("runAt", config["runAt"], ledger, instance)
    return ledger.now


def due_again(
    ledger: "Ledger", instance: "InstanceRecord", step: "StepRecord"
) -> tuple[ActionState, datetime | None]:
    """As `first_due`, for a step that is retried: at once, unless it never got so far as to be
    asked for, since then its time has yet to be read. A wait starts anew."""
    if step.execution_token is None or step.action_type == WAIT_CALLBACK:
        try:
            return first_due(ledger, instance, step)
        except TooLate as late:
            raise ValueError(f"It can't be run any more: {late}.") from None
    return ActionState.QUEUED, None


def read_time(
    name: str, text: str, ledger: "Ledger", instance: "InstanceRecord", *, outputs: bool = True
) -> datetime:
    """The time that a field of this name holds, placeholders filled in. Raises MissingPath or
    ValueError."""
    if "{{" in text:
        text = fill_text(text, ledger.context(instance, outputs=outputs))
    try:
        return parse_moment(text)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None


def on_move(
    ledger: "Ledger", instance: "InstanceRecord", step: "StepRecord", move: "Move", seq: int
) -> None:
    """READY owes a job; a step that is taken from the system owes none any more."""
    if step.is_for_people:
        return
    if move.target is State.READY and move.name in ("activate", "retry"):
        if step.error is None:  # with one, it fails at once and nothing is owed
            owe(ledger, instance, step)
    elif move.target in (State.SKIPPED, State.CANCELLED) and step.execution_token:
        ledger.taken_from.append(step)


def owe(ledger: "Ledger", instance: "InstanceRecord", step: "StepRecord") -> None:
    """Write down the next attempt of a step's execution, a new one if it has none yet."""
    config = ledger.config(step)
    more = allowed_attempts(config)
    if step.execution_token is None:
        step.max_attempts = more
        step.execution_token = _new_execution(ledger, step, step.occurrence or 1, more)
    else:
        # A retry by an operator: same execution and token, numbers go on, fresh tries.
        step.max_attempts = step.attempts + more
    if step.action_type == WAIT_CALLBACK and step.next_attempt_at is None:
        return  # it waits without end: nobody has anything to do
    _owe_job(
        ledger,
        instance,
        step,
        execution_token=step.execution_token,
        occurrence=step.occurrence or 1,
        attempt=step.attempts + 1,
        allowed=step.max_attempts,
        run_at=step.next_attempt_at,
    )


def owe_occurrence(
    ledger: "Ledger", instance: "InstanceRecord", step: "StepRecord", at: datetime
) -> None:
    """Write down the occurrence after the step's present one: an execution of its own, due `at`.
    Until it begins, the step shows the one before."""
    number, allowed = (step.occurrence or 0) + 1, allowed_attempts(ledger.config(step))
    token = _new_execution(ledger, step, number, allowed)
    _owe_job(
        ledger,
        instance,
        step,
        execution_token=token,
        occurrence=number,
        attempt=1,
        allowed=allowed,
        run_at=at,
    )


def owe_replay(
    ledger: "Ledger", instance: "InstanceRecord", step: "StepRecord", original: str, number: int
) -> str:
    """Write down a new execution beside the one with the token `original`, an occurrence of this
    number; the step stays as it is. Returns the new token."""
    allowed = allowed_attempts(ledger.config(step))
    token = _new_execution(ledger, step, number, allowed, replay_of=original)
    _owe_job(
        ledger,
        instance,
        step,
        kind=JobKind.REPLAY,
        execution_token=token,
        occurrence=number,
        attempt=1,
        allowed=allowed,
    )
    return token


def _new_execution(
    ledger: "Ledger", step: "StepRecord", occurrence: int, allowed: int, **more: Any
) -> str:
    token = str(uuid4())
    ledger.executions.append(
        {"step": step, "token": token, "occurrence": occurrence, "allowed": allowed} | more
    )
    return token


def _owe_job(
    ledger: "Ledger",
    instance: "InstanceRecord",
    step: "StepRecord",
    *,
    kind: JobKind = JobKind.STEP,
    run_at: datetime | None = None,
    **numbers: Any,
) -> None:
    config = ledger.config(step)
    ledger.owed.append(
        {
            "instance": instance,
            "step": step,
            "kind": kind,
            "action_config": config,
            "destination": destination_of(step.action_type, config),
            "run_at": run_at or ledger.now,
        }
        | numbers
    )
    bells.ask(ledger.session.info, AUTOMATION_QUEUE, run_at)


def allowed_attempts(config: dict[str, Any]) -> int:
    """How many attempts a stored config allows; a step without retries (a timer) has one."""
    retry: dict[str, Any] = config.get("retry") or {}
    return int(retry.get("maxAttempts") or 1)
