"""When a schedule is due: its rule, its end, its jitter. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from itertools import takewhile

from app.domain.occurrences import latest, next_occurrence, occurrences
from app.models import Schedule
from app.models.vocabulary import CatchUp
from app.schemas.base import zulu
from app.schemas.recurrence import Rule

ON_TIME = timedelta(seconds=60)  # later than this a time was missed, and catch-up decides
MOST_CAUGHT_UP = 24
NEXT = 5
LOOKED_AT = 1000  # of the times that were missed
_TINY = timedelta(microseconds=1)


def rule_of(schedule: Schedule) -> Rule:
    """Its rule. It was checked when it was saved."""
    return Rule.model_construct(
        cron=schedule.cron,
        rrule=schedule.rrule,
        every_seconds=schedule.every_seconds,
        timezone=schedule.timezone,
        start=zulu(schedule.starts_at) if schedule.starts_at else None,
    )


def plan_next(schedule: Schedule, after: datetime) -> None:
    """Note when it is due next; not at all when it is paused, deleted or over."""
    resting = schedule.paused_at is not None or schedule.deleted_at is not None
    at = None if resting else _next(schedule, after)
    schedule.next_at = at
    schedule.next_fire_at = None if at is None else at + jitter(schedule, at)


def _next(schedule: Schedule, after: datetime) -> datetime | None:
    if schedule.max_count is not None and schedule.count >= schedule.max_count:
        return None
    at = next_occurrence(rule_of(schedule), after)
    return None if at is None or _is_over(schedule, at) else at


def _is_over(schedule: Schedule, at: datetime) -> bool:
    return schedule.ends_at is not None and at > schedule.ends_at


def next_few(schedule: Schedule, now: datetime) -> list[datetime]:
    """The next five times, as if it were not paused."""
    left = NEXT if schedule.max_count is None else max(schedule.max_count - schedule.count, 0)
    times = occurrences(rule_of(schedule), now, min(left, NEXT))
    return [at for at in times if not _is_over(schedule, at)]


def jitter(schedule: Schedule, at: datetime) -> timedelta:
    """How much later than `at` it starts: the same for whoever asks, spread evenly."""
    if not schedule.jitter_seconds:
        return timedelta(0)
    digest = sha256(f"{schedule.id} {at.timestamp()}".encode()).digest()
    share = int.from_bytes(digest[:8]) / 2**64
    return timedelta(seconds=round(schedule.jitter_seconds * share, 3))


@dataclass(frozen=True, slots=True)
class Due:
    """A schedule's times that have come: those at which it fires, those it passes over, and the
    last of all (None: there are none). `or_more`: there were others before, not looked at."""

    wanted: list[datetime]
    passed_over: list[datetime]
    last: datetime | None
    or_more: bool = False


def due_times(schedule: Schedule, now: datetime) -> Due:
    """Which of its times have come since it was last planned."""
    if schedule.next_at is None:
        return Due([], [], None)
    times = latest(rule_of(schedule), schedule.next_at - _TINY, now, LOOKED_AT)
    # In their order: one that jitter puts off keeps back those after it, so that none is lost.
    come = list(takewhile(lambda at: _has_come(schedule, at, now), times))
    fresh = [at for at in come if now - at - jitter(schedule, at) <= ON_TIME]
    missed = [at for at in come if at not in fresh]
    wanted = {
        CatchUp.SKIP: fresh,
        CatchUp.ONE: fresh or missed[-1:],
        CatchUp.ALL: sorted(missed[-MOST_CAUGHT_UP:] + fresh),
    }[CatchUp(schedule.catch_up)]
    left = schedule.max_count and schedule.max_count - schedule.count
    if left is not None and len(wanted) >= left:
        wanted = wanted[:left]  # with these it is over; the rest are none of its times
        come = [at for at in come if at <= wanted[-1]]
    passed_over = [at for at in come if at not in wanted]
    return Due(wanted, passed_over, come[-1] if come else None, len(times) == LOOKED_AT)


def _has_come(schedule: Schedule, at: datetime, now: datetime) -> bool:
    return at + jitter(schedule, at) <= now and not _is_over(schedule, at)
