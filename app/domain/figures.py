"""What was counted, read: totals for Prometheus, series and sums for the dashboard. How much is
read depends on how many labels there are, not on how long Runsheet has run: see `folding.py`."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, literal_column, select, union_all
from sqlalchemy.orm import Session

from app import clock
from app.domain.tallies import BY_NAME
from app.models import Tally

# The row at this time holds the sum of all that was ever folded.
EVER = datetime.fromtimestamp(0, UTC)
# Written by a process and not yet folded. The literal, and a bound to begin at, let SQLite find the
# index of just these rows.
FRESH = (Tally.source != literal_column("''")) & (Tally.minute > EVER)


@dataclass(frozen=True, slots=True)
class Total:
    """Everything counted under one name and one set of labels."""

    name: str
    labels: Mapping[str, str]
    value: float


def totals(session: Session) -> list[Total]:
    """All sums since the beginning, by name and labels."""
    folded = select(Tally.name, Tally.labels, Tally.value).where(
        Tally.minute == EVER, Tally.source == ""
    )
    fresh = select(Tally.name, Tally.labels, func.sum(Tally.value)).where(FRESH)
    sums: dict[tuple[str, str], float] = defaultdict(float)
    # One statement: between two, a row might be folded, and be counted twice or not at all.
    for name, labels, value in session.execute(
        union_all(folded, fresh.group_by(Tally.name, Tally.labels))
    ):
        sums[(name, labels)] += value
    return [
        Total(name, json.loads(labels), value)
        for (name, labels), value in sorted(sums.items())
        if not name.startswith(BY_NAME)
    ]


@dataclass(frozen=True, slots=True)
class Series:
    """Sums by name and labels, one per span of time, the oldest first."""

    starts: Sequence[datetime]
    rows: Mapping[str, Sequence[tuple[Mapping[str, str], Sequence[float]]]]

    def sums(self, name: str, **labels: str) -> list[float]:
        """What was counted under a name by rows that have these labels, span by span."""
        wanted = labels.items()
        rows = [values for had, values in self.rows.get(name, ()) if wanted <= had.items()]
        return [sum(column) for column in zip(*rows, strict=True)] or [0.0] * len(self.starts)


def series(session: Session, names: Iterable[str], span: timedelta, parts: int) -> Series:
    """What was counted in the last `parts` spans. Spans of less than an hour reach back an hour
    at most, of less than six hours a day, others eight days (see `folding.py`)."""
    end = floor(clock.now(), span) + span
    starts = [end - span * (parts - at) for at in range(parts)]
    within = (Tally.name.in_(names), Tally.minute >= starts[0], Tally.minute < end)
    columns = (Tally.minute, Tally.name, Tally.labels, func.sum(Tally.value))
    rows = session.execute(select(*columns).where(*within).group_by(*columns[:3]))
    values: dict[tuple[str, str], list[float]] = defaultdict(lambda: [0.0] * parts)
    for minute, name, labels, value in rows:
        values[(name, labels)][int((minute - starts[0]) / span)] += value
    by_name: dict[str, list[tuple[Mapping[str, str], Sequence[float]]]] = defaultdict(list)
    for (name, labels), numbers in values.items():
        by_name[name].append((json.loads(labels), numbers))
    return Series(starts, by_name)


def sums(session: Session, names: Iterable[str], since: datetime) -> list[Total]:
    """What was counted under these names since a time, by labels."""
    within = (Tally.name.in_(names), Tally.minute >= since)
    query = select(Tally.name, Tally.labels, func.sum(Tally.value)).where(*within)
    rows = session.execute(query.group_by(Tally.name, Tally.labels))
    return [Total(name, json.loads(labels), value) for name, labels, value in rows]


def floor(at: datetime, span: timedelta) -> datetime:
    """The beginning of the span of time that holds `at`."""
    return EVER + (at - EVER) // span * span
