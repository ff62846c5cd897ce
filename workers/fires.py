"""Fires schedules at their time. The scheduler does, and a worker that stands in for it.

Nothing has to ring for this: whoever keeps the clock looks each second when the next schedule is
due, and wakes at that very moment. Two that do so at once share the work.
"""

import logging
from datetime import timedelta

from sqlalchemy.exc import DBAPIError

from app import clock, transaction
from app.domain import firing
from workers import failpoints

LOOK_EVERY = 1.0  # seconds, for schedules that were made or changed meanwhile
LOCKED_FOR = 0.05  # seconds until what another process is firing is looked at again
log = logging.getLogger(__name__)


def fire_due() -> float:
    """Fire all that is due, a batch in a transaction; returns after how many seconds to look
    again."""
    try:
        while _seconds_left() <= 0 and _fire_batch() >= firing.BATCH:
            pass
        return min(max(_seconds_left(), LOCKED_FOR), LOOK_EVERY)
    except DBAPIError:
        raise
    except Exception:
        log.exception("Schedules could not be fired")
        return LOOK_EVERY


def _seconds_left() -> float:
    with transaction.reading() as session:
        at = firing.next_wake(session)
    return LOOK_EVERY if at is None else (at - clock.now()) / timedelta(seconds=1)


def _fire_batch() -> int:
    with transaction.writing() as session:
        fired = firing.fire_due(session)
        failpoints.crash_at(failpoints.BEFORE_FIRE, [fired])
    failpoints.crash_at(failpoints.AFTER_FIRE, [fired])
    return fired
