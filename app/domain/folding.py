"""Counts are kept small: what processes wrote by the minute becomes one row for all of them per two
minutes (a part of the dashboard's hour), then one per hour, then one per quarter of a day, and
after some days nothing. The sum of all that was folded stands in rows of its own (`figures.EVER`),
so that a total is those and the few that are fresh."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, delete, func, select
from sqlalchemy.orm import Session

from app import clock
from app.domain import tallies
from app.domain.figures import EVER, FRESH, floor
from app.domain.tallies import BY_NAME, Counts
from app.models import Tally

FRESH_FOR = timedelta(minutes=2)  # then a minute is over for all processes
BY_MINUTES = timedelta(minutes=62)  # what is older is kept by the hour
BY_HOUR = timedelta(hours=30)  # what is older than that by the quarter of a day
KEPT = timedelta(days=8)  # and after that as a sum alone
_MINUTES, _HOUR, _QUARTER = timedelta(minutes=2), timedelta(hours=1), timedelta(hours=6)
_AT_ONCE = 24  # hours folded in one transaction
_LOOK_BACK = 4  # spans; what was left over before stays as it is until it is forgotten
_FOLDED = Tally.source == ""


def fold(session: Session) -> None:
    """Fold what is old enough. No total changes."""
    now = clock.now()
    _fold_fresh(session, now)
    _coarsen(session, floor(now - BY_MINUTES, _HOUR), _HOUR)
    _coarsen(session, floor(now - BY_HOUR, _QUARTER), _QUARTER)
    forgotten = floor(now - KEPT, _QUARTER)
    session.execute(delete(Tally).where(Tally.minute < forgotten, Tally.minute > EVER, _FOLDED))


def _fold_fresh(session: Session, now: datetime) -> None:
    until = floor(now - FRESH_FOR, _MINUTES)
    for _ in range(_AT_ONCE):
        oldest = session.scalar(select(func.min(Tally.minute)).where(FRESH))
        if oldest is None or oldest >= until:
            return
        end = min(floor(oldest, _HOUR) + _HOUR, until)
        rows = _take(session, FRESH & (Tally.minute < end))
        _put(session, rows, _HOUR if end <= floor(now - BY_MINUTES, _HOUR) else _MINUTES)
        _add_to_totals(session, rows)


def _coarsen(session: Session, until: datetime, span: timedelta) -> None:
    starts = [until - span * back for back in range(1, _LOOK_BACK + 1)]
    within = (Tally.minute > starts[-1]) & (Tally.minute < until) & Tally.minute.not_in(starts)
    _put(session, _take(session, within & _FOLDED), span)


def _take(session: Session, which: ColumnElement[bool]) -> list[Any]:
    """Delete rows; returns them. Others that do the same wait, and find nothing left."""
    key = (Tally.minute, Tally.source, Tally.name, Tally.labels)
    session.execute(select(Tally.minute).where(which).order_by(*key).with_for_update())
    columns = (Tally.minute, Tally.name, Tally.labels, Tally.value)
    taking = delete(Tally).where(which).returning(*columns)
    return [*session.execute(taking, execution_options={"synchronize_session": False})]


def _put(session: Session, rows: Iterable[Any], span: timedelta) -> None:
    by_time: dict[datetime, Counts] = defaultdict(lambda: Counts(float))
    for row in rows:
        by_time[floor(row.minute, span)][(row.name, row.labels)] += row.value
    for at, counts in sorted(by_time.items()):
        tallies.put(session.connection(), at, "", counts)


def _add_to_totals(session: Session, rows: Iterable[Any]) -> None:
    counts = Counts(float)
    for row in rows:
        if not row.name.startswith(BY_NAME):
            counts[(row.name, row.labels)] += row.value
    tallies.put(session.connection(), EVER, "", counts)
