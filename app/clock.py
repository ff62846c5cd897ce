"""The only place that reads the time.

Due times and leases are compared across machines, so they follow the database's clock: each
process measures how far that clock is from its own monotonic one and adds the difference. A
machine whose wall clock is wrong, or is set while it runs, therefore neither fires early nor
breaks a lease.
"""

import logging
import os
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, text

SYNC_EVERY = 5.0  # seconds
log = logging.getLogger(__name__)


def wrong_by(environ: Mapping[str, str]) -> float:
    """By how many seconds tests put this machine's clock wrong (`RUNSHEET_CLOCK_OFF`, which is
    heard with RUNSHEET_TESTING=1 alone)."""
    wish = environ.get("RUNSHEET_CLOCK_OFF", "")
    if wish and environ.get("RUNSHEET_TESTING") != "1":
        log.warning("RUNSHEET_CLOCK_OFF is for tests alone (RUNSHEET_TESTING=1); it is ignored")
        return 0.0
    return float(wish or 0)


_wrong_by = wrong_by(os.environ)
_offset: float | None = None  # database's epoch seconds minus our monotonic seconds
_synced_at = float("-inf")
_travelled = 0.0


def now() -> datetime:
    """The database's time, aware, in UTC."""
    if _offset is None:
        return datetime.fromtimestamp(_wall() + _travelled, UTC)
    return datetime.fromtimestamp(time.monotonic() + _offset + _travelled, UTC)


def off() -> float | None:
    """How many seconds this machine's clock is ahead of the database's; None if it is the same
    clock, or the database's has not been read yet."""
    return None if _offset is None else round(_wall() - time.monotonic() - _offset, 3)


def _wall() -> float:
    return time.time() + _wrong_by


def monotonic() -> float:
    """Seconds on a clock that only goes forward; for measuring how long something took."""
    return time.monotonic()


def thread_seconds() -> float:
    """Seconds of processor time that this thread has used; what others do does not count."""
    return time.thread_time()


def sync(connection: Connection) -> None:
    """Measure the database's clock again if the last measure is older than SYNC_EVERY seconds.

    SQLite has no clock of its own: there the machine's clock is the database's.
    """
    global _offset, _synced_at
    if time.monotonic() - _synced_at < SYNC_EVERY or connection.dialect.name == "sqlite":
        return
    before = time.monotonic()
    theirs = connection.execute(text("SELECT clock_timestamp()")).scalar_one().timestamp()
    after = time.monotonic()
    _offset = theirs - (before + after) / 2
    _synced_at = after


def travel(by: timedelta) -> None:
    """Move this process's clock (for tests); `timedelta(0)` brings it back."""
    global _travelled
    _travelled = by.total_seconds()
