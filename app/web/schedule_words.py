"""What pages say of schedules: their rule, how they stand, their choices, what became of a time."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from app.domain import rule_words
from app.models.vocabulary import CatchUp, FireKind, FireOutcome, InstanceState, Overlap
from app.schemas.base import zulu
from app.schemas.recurrence import Rule
from app.schemas.schedule import FireOut, ScheduleSummary
from app.web import words

# What happens when its time comes while what it started before is still open.
OVERLAP: Mapping[str, str] = {
    Overlap.ALLOW: "start another one beside it",
    Overlap.SKIP: "skip this time",
    Overlap.QUEUE: "wait until it has ended, then start",
    Overlap.CANCEL_OLD: "cancel it, then start",
}
# What happens about times at which nothing ran.
CATCH_UP: Mapping[str, str] = {
    CatchUp.SKIP: "skip them all",
    CatchUp.ONE: "run once, for the last of them",
    CatchUp.ALL: "run each, the last 24 at most",
}
# Marks (see _mark.html) and words of what became of one time.
_INSTANCES = {
    InstanceState.RUNNING: ("running", "Running"),
    InstanceState.ATTENTION: ("attention", "Needs attention"),
    InstanceState.PAUSED: ("paused", "Paused"),
    InstanceState.COMPLETED: ("completed", "Completed"),
    InstanceState.CANCELLED: ("cancelled", "Cancelled"),
}
_FIRES = {
    FireOutcome.SKIPPED: ("skipped", "Skipped"),
    FireOutcome.QUEUED: ("queued", "Queued"),
    FireOutcome.FAILED: ("failed", "Not started"),
    FireOutcome.STARTED: ("pending", "Started"),  # its instance is gone
}
_STEP = 14  # of a sparkline


def rule_of(schedule: ScheduleSummary) -> Rule:
    """Its rule. It was checked when it was saved."""
    return Rule.model_construct(
        cron=schedule.cron,
        rrule=schedule.rrule,
        every_seconds=schedule.every_seconds,
        timezone=schedule.timezone,
        start=zulu(schedule.start) if schedule.start else None,
    )


def describe(schedule: ScheduleSummary) -> str:
    """Its rule in plain words."""
    return rule_words.describe(rule_of(schedule))


def expression(schedule: ScheduleSummary) -> str:
    """Its rule as it is written."""
    return rule_words.expression(rule_of(schedule))


def standing(schedule: ScheduleSummary) -> str:
    """active, paused or over; schedules/_marks.html has their marks and words."""
    if schedule.paused:
        return "paused"
    return "active" if schedule.next_at else "over"


def became(fire: FireOut) -> tuple[str, str]:
    """The mark and the word of what became of a time: how its instance stands, if it has one."""
    if fire.instance_state:
        return _INSTANCES[InstanceState(fire.instance_state)]
    return _FIRES[FireOutcome(fire.outcome)]


def lateness(fire: FireOut) -> str:
    """'on time', '12 s late', 'caught up, 3 h late', 'by hand'."""
    if fire.kind == FireKind.RUN_NOW:
        return "by hand"
    if fire.outcome == FireOutcome.SKIPPED:
        return ""
    late = "on time" if fire.late_seconds < 1 else f"{_length(fire)} late"
    return f"caught up, {late}" if fire.kind == FireKind.CATCH_UP else late


def _length(fire: FireOut) -> str:
    return words.length(timedelta(seconds=fire.late_seconds))


@dataclass(frozen=True, slots=True)
class Spark:
    """The last runs in a row, oldest first: marks with their places, and all of it in words."""

    marks: list[tuple[int, str]]
    width: int
    said: str


def spark(fires: Sequence[FireOut]) -> Spark | None:
    """`fires`, oldest first, as small marks; None if there are none."""
    if not fires:
        return None
    found = [became(fire) for fire in fires]
    counts = Counter(word.lower() for _, word in found)
    number = f"Last {len(found)} runs" if len(found) > 1 else "One run"
    said = ", ".join(f"{count} {word}" for word, count in counts.most_common())
    marks = [(at * _STEP, mark) for at, (mark, _) in enumerate(found)]
    return Spark(marks, len(found) * _STEP, f"{number}: {said}. Newest: {found[-1][1].lower()}.")
