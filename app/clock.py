"""The only place that reads the time.

Due times and leases are compared across machines, so they follow the database's clock: each
process measures how far that clock is from its own monotonic one and adds the difference. A
machine whose wall clock is wrong, or is set while it runs, therefore neither fires early nor
breaks a lease.
"""

import time
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, text

SYNC_EVERY = 5.0  # seconds

_offset: float | None = None  # database's epoch seconds minus our monotonic seconds
_synced_at = float("-inf")
_travelled = 0.0


def now() -> datetime:
    """The database's time, aware, in UTC."""
    if _offset is None:
        return datetime.fromtimestamp(time.time() + _travelled, UTC)
    return datetime.fromtimestamp(time.monotonic() + _offset + _travelled, UTC)


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
