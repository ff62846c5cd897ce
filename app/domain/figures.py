"""What was counted, read and kept small: totals for Prometheus, series for charts."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, delete, exists, func, select
from sqlalchemy.orm import Session

from app import clock
from app.models import Tally

BY_MINUTE = timedelta(hours=2)  # what is older is kept by the hour
BY_HOUR = timedelta(days=8)  # and what is older than that as one sum
_HOUR = timedelta(hours=1)
_EVER = datetime.fromtimestamp(0, UTC)
_AT_ONCE = 24  # hours folded in one transaction


@dataclass(frozen=True, slots=True)
class Total:
    """Everything counted under one name and one set of labels."""

    name: str
    labels: Mapping[str, str]
    value: float


def totals(session: Session) -> list[Total]:
    """All sums since the beginning, by name and labels."""
    value = func.sum(Tally.value)
    query = select(Tally.name, Tally.labels, value).group_by(Tally.name, Tally.labels)
    rows = session.execute(query.order_by(Tally.name, Tally.labels))
    return [Total(name, json.loads(labels), float(total)) for name, labels, total in rows]


@dataclass(frozen=True, slots=True)
class Series:
    """Sums by name and labels, one per span of time, the oldest first."""

    starts: Sequence[datetime]
    values: Mapping[tuple[str, str], Sequence[float]]

    def sums(self, name: str, **labels: str) -> list[float]:
        """What was counted under a name by rows that have these labels, span by span."""
        wanted = labels.items()
        rows = [
            values
            for (other, text), values in self.values.items()
            if other == name and wanted <= json.loads(text).items()
        ]
        return [sum(column) for column in zip(*rows, strict=True)] or [0.0] * len(self.starts)


def series(session: Session, names: Iterable[str], span: timedelta, parts: int) -> Series:
    """What was counted in the last `parts` spans. Spans of less than an hour reach back two hours
    at most, others eight days."""
    end = _floor(clock.now(), span) + span
    starts = [end - span * (parts - at) for at in range(parts)]
    within = (Tally.name.in_(names), Tally.minute >= starts[0], Tally.minute < end)
    columns = (Tally.minute, Tally.name, Tally.labels, func.sum(Tally.value))
    rows = session.execute(select(*columns).where(*within).group_by(*columns[:3]))
    values: dict[tuple[str, str], list[float]] = defaultdict(lambda: [0.0] * parts)
    for minute, name, labels, value in rows:
        values[(name, labels)][int((minute - starts[0]) / span)] += value
    return Series(starts, values)


def _floor(at: datetime, span: timedelta) -> datetime:
    return _EVER + (at - _EVER) // span * span


def fold(session: Session) -> None:
    """Keep old counts by the hour, and very old ones as one sum: no total changes."""
    now = clock.now()
    hours = Tally.minute < _floor(now - BY_MINUTE, _HOUR)
    _fold_hours(session, hours & (Tally.source != ""))
    old = (Tally.minute < now - BY_HOUR) & (Tally.minute > _EVER)
    if session.scalar(select(exists().where(old))):
        _fold_into(session, _EVER, old)


def _fold_hours(session: Session, which: ColumnElement[bool]) -> None:
    oldest = session.scalar(select(func.min(Tally.minute)).where(which))
    for _ in range(_AT_ONCE):
        if oldest is None:
            return
        hour = _floor(oldest, _HOUR)
        _fold_into(session, hour, (Tally.minute >= hour) & (Tally.minute < hour + _HOUR))
        oldest = session.scalar(select(func.min(Tally.minute)).where(which))


def _fold_into(session: Session, at: datetime, which: ColumnElement[bool]) -> None:
    # Locked and read as rows: a sum read beside them might miss what is written meanwhile.
    rows = session.execute(
        select(Tally.minute, Tally.source, Tally.name, Tally.labels, Tally.value)
        .where(which | (Tally.minute == at) & (Tally.source == ""))
        .order_by(Tally.minute, Tally.source, Tally.name, Tally.labels)
        .with_for_update()
    ).all()
    if not any(row.minute != at or row.source for row in rows):
        return
    sums: dict[tuple[str, str], float] = defaultdict(float)
    for row in rows:
        sums[(row.name, row.labels)] += row.value
    session.execute(delete(Tally).where(which | (Tally.minute == at) & (Tally.source == "")))
    session.add_all(
        Tally(minute=at, source="", name=name, labels=labels, value=value)
        for (name, labels), value in sums.items()
    )
    session.flush()
