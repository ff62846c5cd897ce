"""How it goes, looked up once for all who look: every open dashboard asks again and again."""

import threading
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import Flask, current_app
from sqlalchemy.orm import Session

from app import clock
from app.domain import by_name, pulse
from app.domain.by_name import Line
from app.domain.pulse import Period, Pulse
from app.errors import Unavailable

_NAME = "glances"
# For how long a look serves others: the longer the period, the slower its numbers change.
KEPT = {"hour": timedelta(seconds=5), "day": timedelta(seconds=15), "week": timedelta(seconds=30)}

PATIENCE = 2.0  # seconds for which a thread waits for another one's look


@dataclass(frozen=True, slots=True)
class Glance:
    """A period at a moment."""

    at: datetime
    pulse: Pulse
    templates: Sequence[Line]
    destinations: Sequence[Line]


class Glances:
    """The last look at each period in this process. Who asks while one is taken waits for it
    a while: they hold a connection, of which there are few."""

    def __init__(self) -> None:
        self._locks: dict[str, threading.Lock] = defaultdict(threading.Lock)
        self._last: dict[str, Glance] = {}

    def at(self, session: Session, period: Period) -> Glance:
        """How it goes now, or did a few seconds ago; if another is too long at finding out, how it
        went last. Raises Unavailable if nobody has looked yet."""
        lock = self._locks[period.name]
        if not lock.acquire(timeout=PATIENCE):
            if (last := self._last.get(period.name)) is None:
                raise Unavailable("The figures are still being read. Ask again.")
            return last
        try:
            last, now = self._last.get(period.name), clock.now()
            if last is None or not now - KEPT[period.name] <= last.at <= now:
                last = self._last[period.name] = _look(session, period, now)
            return last
        finally:
            lock.release()


def _look(session: Session, period: Period, now: datetime) -> Glance:
    return Glance(
        now,
        pulse.read(session, period),
        by_name.templates(session, period),
        by_name.destinations(session, period),
    )


def register(app: Flask) -> None:
    app.extensions[_NAME] = Glances()


def here() -> Glances:
    """Those of this process."""
    return current_app.extensions[_NAME]
