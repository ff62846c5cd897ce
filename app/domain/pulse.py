"""How it goes: what was done, how much of it well, how long it waited and took, over the last hour,
day or week. Read from what was counted, never from what has piled up."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from app.domain import figures
from app.domain.figures import Series
from app.domain.quantiles import quantile
from app.domain.tallies import LE
from app.models.vocabulary import AUTOMATION_QUEUE

_NAMES = ("events_total", "queue_wait_seconds_bucket", "attempt_seconds_bucket")


@dataclass(frozen=True, slots=True)
class Period:
    """A stretch of time up to now, in equal parts."""

    name: str
    span: timedelta
    parts: int

    @property
    def length(self) -> timedelta:
        return self.span * self.parts


PERIODS: Mapping[str, Period] = {
    period.name: period
    for period in (
        Period("hour", timedelta(minutes=2), 30),
        Period("day", timedelta(hours=1), 24),
        Period("week", timedelta(hours=6), 28),
    )
}


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds that half, and 95 of a hundred, took at most. None: nothing was counted."""

    p50: float | None
    p95: float | None


@dataclass(frozen=True, slots=True)
class Part:
    """What happened from one time to another."""

    start: datetime
    end: datetime
    completed: float
    failed: float
    wait: Times
    run: Times

    @property
    def success(self) -> float | None:
        """Which share of the steps that ended completed."""
        ended = self.completed + self.failed
        return self.completed / ended if ended else None

    @property
    def has_counts(self) -> bool:
        """Whether anything happened."""
        seen = (self.success, self.wait.p50, self.run.p50)
        return any(value is not None for value in seen)


@dataclass(frozen=True, slots=True)
class Pulse:
    """All parts, the oldest first, and the whole."""

    period: Period
    parts: Sequence[Part]
    whole: Part

    @property
    def has_counts(self) -> bool:
        return self.whole.has_counts


def read(session: Session, period: Period) -> Pulse:
    """What was counted in a period."""
    found = figures.series(session, _NAMES, period.span, period.parts)
    rows = _Rows(
        found.sums("events_total", kind="step.completed"),
        found.sums("events_total", kind="step.failed"),
        _by_bound(found, "queue_wait_seconds_bucket"),
        _by_bound(found, "attempt_seconds_bucket"),
    )
    starts = [*found.starts, found.starts[-1] + period.span]
    parts = [rows.part(starts, at, at + 1) for at in range(period.parts)]
    return Pulse(period, parts, rows.part(starts, 0, period.parts))


def _by_bound(found: Series, name: str) -> dict[str, Sequence[float]]:
    return {le: found.sums(name, queue=AUTOMATION_QUEUE, le=le) for le in LE}


@dataclass(frozen=True, slots=True)
class _Rows:
    """What was counted, a number per part of the period."""

    completed: Sequence[float]
    failed: Sequence[float]
    waits: Mapping[str, Sequence[float]]
    runs: Mapping[str, Sequence[float]]

    def part(self, starts: Sequence[datetime], first: int, end: int) -> Part:
        completed, failed = sum(self.completed[first:end]), sum(self.failed[first:end])
        wait, run = (_times(counts, first, end) for counts in (self.waits, self.runs))
        return Part(starts[first], starts[end], completed, failed, wait, run)


def _times(counts: Mapping[str, Sequence[float]], first: int, end: int) -> Times:
    within = {le: sum(values[first:end]) for le, values in counts.items()}
    return Times(quantile(within, 0.5), quantile(within, 0.95))
