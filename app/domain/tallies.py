"""What is counted: how many attempts ended how, how long things took. Counted in the transaction
that makes it so, by minute, so that any web process can answer for all of them, charts and
Prometheus read the same rows, and a rollback takes its counts along.

Each process adds to rows of its own (`source`): nobody waits for another's lock. Names are as in
Prometheus. A chore folds what is older into rows without a source (`folding.py`); sums stay as
they are.
"""

import os
import platform
from collections import defaultdict
from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager
from datetime import datetime
from functools import cache
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, Insert
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app import clock, transaction
from app.domain.prepared import Prepared
from app.extensions import compact_json
from app.models import Tally
from app.models.columns import table_of

# Upper bounds of what is timed, in seconds.
_MOMENTS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
BOUNDS = (*_MOMENTS, 300.0, 3600.0, 14400.0, 86400.0)
LE = [*(f"{bound:g}" for bound in BOUNDS), "+Inf"]
# Counted by names that people give, for the dashboard alone: no labels of Prometheus, whose number
# must be bounded for good, and forgotten after some days.
BY_NAME = ("template_", "destination_")
_COUNTED = "counted"

Key = tuple[str, str]  # name, labels as JSON
Counts = defaultdict[Key, float]
_table = table_of(Tally)


def _adding(insert: Any) -> Prepared:
    statement: Any = insert(_table)
    key = ("minute", "source", "name", "labels")
    more = {"value": _table.c.value + statement.excluded.value}
    upsert: Insert = statement.on_conflict_do_update(index_elements=key, set_=more)
    return Prepared(upsert.inline(), (*key, "value"))


_ADD = {"sqlite": _adding(sqlite.insert), "postgresql": _adding(postgresql.insert)}


def add(session: Session, name: str, labels: Mapping[str, str], value: float = 1) -> None:
    """Count something that this transaction does. Labels have few values, all of them ours."""
    _counted(session)[(name, text_of(labels))] += value


def time(session: Session, name: str, labels: Mapping[str, str], seconds: float) -> None:
    """Note how long something took."""
    counted = _counted(session)
    for key, value in timed(name, labels, seconds):
        counted[key] += value


def timed(name: str, labels: Mapping[str, str], seconds: float) -> Iterable[tuple[Key, float]]:
    """What one duration adds: 1 to its own bucket (not to all wider ones), and to the sum."""
    seconds = max(seconds, 0.0)
    bucket = sum(bound < seconds for bound in BOUNDS)
    yield (f"{name}_bucket", text_of({**labels, "le": LE[bucket]})), 1
    yield (f"{name}_sum", text_of(labels)), seconds


def _counted(session: Session) -> Counts:
    if _COUNTED not in session.info:
        session.info[_COUNTED] = Counts(float)
        transaction.at_the_end(session, _write)
    return session.info[_COUNTED]


@contextmanager
def savepoint(session: Session) -> Generator[None]:
    """Part of a transaction that can be taken back, with what it counted."""
    kept = dict(_counted(session))
    try:
        with session.begin_nested():
            yield
    except BaseException:
        counted = _counted(session)
        counted.clear()
        counted.update(kept)
        raise


def text_of(labels: Mapping[str, str]) -> str:
    """Labels as they are stored."""
    return compact_json(dict(sorted(labels.items())))


def _write(session: Session) -> None:
    add_all(session.connection(), session.info.pop(_COUNTED))


def add_all(connection: Connection, counted: Mapping[Key, float]) -> None:
    """Add to this minute's rows of this process."""
    put(connection, clock.now().replace(second=0, microsecond=0), _source(os.getpid()), counted)


def put(
    connection: Connection, minute: datetime, source: str, counted: Mapping[Key, float]
) -> None:
    """Add to the rows of a minute and a source."""
    rows = [
        {"minute": minute, "source": source, "name": name, "labels": labels, "value": value}
        for (name, labels), value in sorted(counted.items())  # all lock them in the same order
    ]
    _ADD[connection.dialect.name](connection, rows)


@cache
def _source(pid: int) -> str:
    return f"{platform.node()[:80]}:{pid}:{uuid4().hex[:8]}"
