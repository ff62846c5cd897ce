"""A step that recurs, in words: which run it is, when the next one comes, and how it ends."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.domain.rule_words import describe
from app.models.vocabulary import ActionState, State
from app.schemas.instance import StepOut
from app.schemas.recurrence import Recurrence

OPEN = (State.READY, State.STARTED)


@dataclass(frozen=True, slots=True)
class RecurrenceView:
    """What the panel of a step says of its series. `place`: '3 of 5', or 'run 3'."""

    place: str
    rule: str
    ends: str
    next_at: datetime | None
    last_error: str | None
    is_open: bool


def of(step: StepOut) -> RecurrenceView | None:
    """None if the step does not recur."""
    config: dict[str, Any] | None = step.action_config.get("recurrence")
    if config is None:
        return None
    amid = step.action_state == ActionState.SCHEDULED
    return RecurrenceView(
        place=place(step),
        rule=describe(Recurrence.read(config)),
        ends=_ends(config),
        next_at=step.next_attempt_at if amid else None,
        last_error=step.error if amid else None,
        is_open=step.state in OPEN,
    )


def place(step: Any) -> str:
    """'3 of 5' or 'run 3': the run that is planned, or else the one that began last. Takes a row of
    a list too, which has `occurrences` instead of a config."""
    number = step.occurrence or 1
    if (step.state, step.action_state) == (State.STARTED, ActionState.SCHEDULED):
        number += 1
    count = _count(step)
    return f"{number} of {count}" if count else f"run {number}"


def of_run(step: Any) -> str:
    """', 3 of 5'; nothing for a step that does not recur."""
    return f", {place(step)}" if step.occurrence is not None else ""


def _count(step: Any) -> int | None:
    if isinstance(step, StepOut):
        return (step.action_config.get("recurrence") or {}).get("count")
    return step.occurrences


def _ends(config: dict[str, Any]) -> str:
    count, until = config.get("count"), config.get("until")
    runs = f"after {count} {'run' if count == 1 else 'runs'}" if count else None
    return ", or ".join(filter(None, [runs, f"at {until}" if until else None]))
