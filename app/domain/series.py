"""A step that recurs: when its occurrences fall due, what follows the end of one, and how the
series ends.

Each occurrence is an execution. The next is planned in the transaction that ends the present one,
so there is never more than one, and times of the rule that pass meanwhile (it still runs, nobody
was there to run it, the instance is paused) are passed over together, with one event.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.domain import producer
from app.domain.ledger import SYSTEM, Ledger
from app.domain.occurrences import next_occurrence, occurrences
from app.domain.records import InstanceRecord, StepRecord
from app.models.vocabulary import ActionState, State
from app.schemas.base import zulu
from app.schemas.recurrence import MAX_COUNT, Recurrence

MOST_COUNTED = 1000  # times passed over that are counted; beyond it "1000 or more"
_JUST_BEFORE = datetime.resolution
# What ends an execution, and what that is while more are to come.
_AMID = {"complete": "occurrence_done", "fail": "occurrence_failed"}


@dataclass(frozen=True, slots=True)
class Ahead:
    """What follows a step's present occurrence: times that have passed, and the next one."""

    missed: list[datetime]
    next: datetime | None


def plan_first(
    ledger: Ledger, instance: InstanceRecord, step: StepRecord, due: datetime
) -> datetime:
    """Begin a step's series, not before `due`; returns its first time. Raises MissingPath or
    ValueError if its times can't be read, TooLate if it has none."""
    config: dict[str, Any] = ledger.config(step)["recurrence"]

    def read(name: str) -> datetime | None:
        text = config.get(name)
        return producer.read_time(f"recurrence.{name}", text, ledger, instance) if text else None

    step.occurrence = 1
    step.recurs_from = read("start") or due
    step.recurs_until = read("until")
    first = next_occurrence(_rule(ledger, step), max(ledger.now, due - _JUST_BEFORE))
    if first is None or _is_beyond(step, first):
        raise producer.TooLate("its recurrence has no time left")
    step.occurrence_at = first
    return first


def facts(ledger: Ledger, step: StepRecord) -> dict[str, Any]:
    """Which occurrence it is, and of how many as far as that is known, for an event."""
    if step.occurrence is None:
        return {}
    count = _recurrence(ledger, step).count
    return {"occurrence": step.occurrence} | ({"occurrences": count} if count else {})


def end(
    ledger: Ledger,
    instance: InstanceRecord,
    step: StepRecord,
    move: str,
    state: ActionState,
    *,
    data: dict[str, Any],
    at: datetime | None,
) -> None:
    """An execution of any step ended (`move`: complete or fail). In a series the next occurrence
    is planned; without one, the step ends as this one did."""
    from app.domain import lifecycle

    if step.occurrence is None:
        lifecycle.apply(ledger, instance, step, move, state, data=data, at=at)
        return
    data = data | facts(ledger, step)
    following = advance(ledger, instance, step)
    if following is None:
        lifecycle.apply(ledger, instance, step, move, state, data=data, at=at)
        return
    step.next_attempt_at = step.occurrence_at = following
    data["nextAttemptAt"] = zulu(following)
    lifecycle.apply(ledger, instance, step, _AMID[move], ActionState.SCHEDULED, data=data, at=at)
    producer.owe_occurrence(ledger, instance, step, following)


def advance(ledger: Ledger, instance: InstanceRecord, step: StepRecord) -> datetime | None:
    """The time after the one that stands; None: the series is over. What has passed meanwhile is
    written down as passed over."""
    ahead = _ahead(ledger, step)
    if ahead.missed:
        data: dict[str, Any] = {
            "missed": len(ahead.missed),
            "from": zulu(ahead.missed[0]),
            "to": zulu(ahead.missed[-1]),
        }
        if len(ahead.missed) == MOST_COUNTED:
            data["orMore"] = True
        ledger.record(instance, "step.occurrences_missed", step, actor=SYSTEM, data=data)
    return ahead.next


def over(ledger: Ledger, instance: InstanceRecord, step: StepRecord, reason: str) -> None:
    """Between occurrences: the series ends now, as its last occurrence did. What was planned is
    owed no more. Before the first one there is nothing it could end as: it is skipped. The
    system does so: what somebody did is another event, and the one that the audit tells."""
    from app.domain import lifecycle

    if step.state == State.READY:
        step.reason = why = reason or "stopped before its first occurrence"
        lifecycle.apply(ledger, instance, step, "skip", ActionState.IDLE, actor=SYSTEM, reason=why)
        return
    ledger.taken_from.append(step)
    move, state = (
        ("fail", ActionState.FAILED) if step.error else ("complete", ActionState.COMPLETED)
    )
    data = facts(ledger, step) | ({"error": step.error} if step.error else {})
    lifecycle.apply(ledger, instance, step, move, state, actor=SYSTEM, reason=reason, data=data)


def last(ledger: Ledger, step: StepRecord, planned: int) -> tuple[int, datetime] | None:
    """The number and the time of the last occurrence, if the one with the number `planned` stands
    and none is missed; None: that is the last. Counts no further than MAX_COUNT."""
    most = (_recurrence(ledger, step).count or MAX_COUNT) - planned
    times = occurrences(_rule(ledger, step), step.occurrence_at or ledger.now, max(most, 0))
    ahead = [at for at in times if not _is_beyond(step, at)]
    return (planned + len(ahead), ahead[-1]) if ahead else None


def _ahead(ledger: Ledger, step: StepRecord) -> Ahead:
    recurrence, rule = _recurrence(ledger, step), _rule(ledger, step)
    stands = step.occurrence_at or ledger.now
    if recurrence.count is not None and _begun(step) >= recurrence.count:
        return Ahead([], None)
    following = next_occurrence(rule, stands)
    missed: list[datetime] = []
    if following is not None and following <= ledger.now:
        passed = occurrences(rule, stands, MOST_COUNTED)
        missed = [at for at in passed if at <= ledger.now and not _is_beyond(step, at)]
        following = next_occurrence(rule, ledger.now)
    if following is not None and _is_beyond(step, following):
        following = None
    return Ahead(missed, following)


def _begun(step: StepRecord) -> int:
    """How many occurrences have begun: before the first, none has."""
    return 0 if step.state == State.READY else step.occurrence or 0


def _is_beyond(step: StepRecord, at: datetime) -> bool:
    return step.recurs_until is not None and at > step.recurs_until


def _recurrence(ledger: Ledger, step: StepRecord) -> Recurrence:
    return Recurrence.model_validate(ledger.config(step)["recurrence"])


def _rule(ledger: Ledger, step: StepRecord) -> Recurrence:
    """Its rule, counted from when its series began."""
    began = zulu(step.recurs_from or ledger.now)
    return _recurrence(ledger, step).model_copy(update={"start": began})
