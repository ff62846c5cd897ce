"""A dry run as its page shows it: its moments in words, its steps, its graph."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.domain.graph import sorted_by_dependency
from app.schemas.dry_run import DryRunOut, DryStepOut, DryTellingOut
from app.schemas.instance import EventOut
from app.web import exchanges
from app.web.graph import Graph, layout

MOST_ROWS = 400  # of the timeline; programs get them all
_UNITS = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))
# What an event is called, by its kind: its mark, and the words after the step's name.
_KINDS: Mapping[str, tuple[str, str]] = {
    "instance.started": ("running", "It starts"),
    "instance.completed": ("completed", "It is completed"),
    "instance.attention": ("attention", "It needs somebody"),
    "instance.overdue": ("paused", "It is late as a whole"),
    "step.ready": ("ready", "is ready"),
    "step.started": ("running", "begins"),
    "attempt.started": ("running", "is tried again"),
    "step.retry_scheduled": ("retry", "fails, and will be tried again"),
    "step.occurrence_completed": ("completed", "has run"),
    "step.occurrence_failed": ("failed", "has run, and failed"),
    "step.occurrence_started": ("running", "runs again"),
    "step.occurrences_missed": ("skipped", "misses times that passed meanwhile"),
    "step.completed": ("completed", "completes"),
    "step.failed": ("failed", "fails for good"),
    "step.skipped": ("skipped", "is skipped"),
    "step.overdue": ("paused", "is late"),
    "step.reminded": ("waiting", "still waits: people are reminded"),
    "step.escalated": ("attention", "still waits: others are told"),
}
_LIGHT = frozenset({"step.ready", "step.started", "attempt.started", "step.occurrence_started"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the timeline. `about`: more about it, on a line of its own."""

    at: datetime
    offset: str
    mark: str
    step_key: str | None
    step_name: str | None
    words: str
    about: str | None
    light: bool
    telling: DryTellingOut | None = None


def offset(seconds: float | None) -> str:
    """'+2 h 30 min', '+0 s'."""
    return f"+{length(seconds or 0)}"


def length(seconds: float) -> str:
    """'2 h 30 min', '1 d 4 h'; the two largest units."""
    left, parts = int(seconds), list[str]()
    for size, unit in _UNITS:
        number, left = divmod(left, size)
        if number:
            parts.append(f"{number} {unit}")
    return " ".join(parts[:2]) or "0 s"


def rows(found: DryRunOut) -> tuple[list[Row], int]:
    """The timeline, oldest first, and how many lines it leaves out."""
    names = {step.key: step.name for step in found.steps}
    lines = [_of_event(event, found.start_at, names) for event in found.events]
    lines += _of_tellings(found, names)
    lines.sort(key=lambda row: row.at)  # those of one moment stay in their order
    return lines[:MOST_ROWS], max(len(lines) - MOST_ROWS, 0)


def _of_event(event: EventOut, start: datetime, names: Mapping[str, str]) -> Row:
    data = event.data or {}
    mark, words = _KINDS.get(event.kind, ("pending", event.kind))
    if data.get("actionState") == "WAITING":
        mark, words = "waiting", "waits for a call"
    if event.kind == "step.ready" and data.get("nextAttemptAt"):
        mark = "scheduled"
    return Row(
        at=event.at,
        offset=offset((event.at - start).total_seconds()),
        mark=mark,
        step_key=event.step_key,
        step_name=names.get(event.step_key or ""),
        words=f"{words}{_counted(data)}",
        about=event.reason or data.get("error") or _next(event.kind, data),
        light=event.kind in _LIGHT,
    )


def _counted(data: Mapping[str, Any]) -> str:
    parts: list[str] = []
    if data.get("occurrence"):
        of = f" of {data['occurrences']}" if data.get("occurrences") else ""
        parts.append(f"occurrence {data['occurrence']}{of}")
    if data.get("attempt", 1) > 1:
        parts.append(f"try {data['attempt']} of {data['of']}")
    if data.get("missed"):
        parts.append(str(data["missed"]))
    return "".join(f" · {part}" for part in parts)


def _next(kind: str, data: Mapping[str, Any]) -> str | None:
    at = data.get("nextAttemptAt")
    if not at:
        return None
    shown = f"{at[:10]} {at[11:19]} UTC"
    return f"until {shown}" if data.get("actionState") == "WAITING" else f"next at {shown}"


def _of_tellings(found: DryRunOut, names: Mapping[str, str]) -> Iterator[Row]:
    own = [(step.key, telling) for step in found.steps for telling in step.notifications]
    for key, telling in [(None, telling) for telling in found.notifications] + own:
        yield Row(
            at=telling.at,
            offset=offset(telling.offset_seconds),
            mark={"SENT": "completed", "FAILED": "failed"}.get(telling.state, "skipped"),
            step_key=key,
            step_name=names.get(key or ""),
            words="",
            about=telling.reason,
            light=True,
            telling=telling,
        )


@dataclass(frozen=True, slots=True)
class Summary:
    """How many of what."""

    taken: int
    skipped: int
    requests: int
    mails: int
    notifications: int


def summary(found: DryRunOut) -> Summary:
    sent = [attempt for step in found.steps for attempt in step.attempts if attempt.request]
    tellings = [*found.notifications, *(one for step in found.steps for one in step.notifications)]
    mails = sum("messageId" in (attempt.request or {}) for attempt in sent)
    return Summary(
        taken=len(found.path),
        skipped=sum(step.state == "SKIPPED" for step in found.steps),
        requests=len(sent) - mails,
        mails=mails,
        notifications=sum(one.state == "SENT" for one in tellings),
    )


def shown(request: dict[str, Any] | None) -> dict[str, Any] | None:
    return exchanges.readable(request)


def graph(steps: Iterable[DryStepOut]) -> Graph:
    """Steps of a draft that wait for one another in a circle stand without their arrows."""
    listed = list(steps)
    known = {step.key for step in listed}
    needs = {step.key: [key for key in step.depends_on if key in known] for step in listed}
    straight = set(sorted_by_dependency(needs))
    return layout(
        [(one.key, one.name, needs[one.key] if one.key in straight else []) for one in listed]
    )
