"""When something recurs: the same answers for previews, schedules and recurring steps."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise, takewhile

from app import clock
from app.domain import cron, rrule_walk, rrules
from app.domain.wall_time import LAST_YEAR, zone_of
from app.errors import FieldError, Invalid
from app.schemas.durations import parse_moment
from app.schemas.recurrence import Rule

LEAST_SECONDS = 60  # between two occurrences of cron and RRULE, and of schedules in all
LOOKED_AT = 100  # occurrences, to see how dense a rule is
_TINY = timedelta(microseconds=1)


def occurrences(rule: Rule, after: datetime, count: int) -> list[datetime]:
    """The next `count` times strictly after `after`, in UTC and rising; fewer when the rule ends.

    Nothing lies before the rule's `start`. Without one, everySeconds and RRULE count from
    `after`. Raises ValueError with a message for authors when the rule can't be read.
    """
    return list(islice(_walk(rule, after), count))


def next_occurrence(rule: Rule, after: datetime) -> datetime | None:
    """The first time strictly after `after`, in UTC; None when the rule has ended."""
    return next(_walk(rule, after), None)


def latest(rule: Rule, after: datetime, until: datetime, most: int) -> list[datetime]:
    """The last `most` times after `after` and not after `until`; a long past is not walked."""
    window = timedelta(hours=1)
    while True:
        begin = max(after, until - window)
        found = list(takewhile(lambda at: at <= until, _walk(rule, begin)))
        if begin == after or len(found) >= most:
            return found[-most:]
        window *= 4


def preview(
    rule: Rule, after: datetime, count: int, least_seconds: int = LEAST_SECONDS
) -> list[datetime]:
    """As `occurrences`, for a rule that is only being thought about. Raises Invalid when it could
    not be saved; that it is over by `after` is no fault."""
    start = parse_moment(rule.start) if rule.start else after
    check(rule, least_seconds=least_seconds, since=min(after, start - _TINY))
    return occurrences(rule, after, count)


def check(
    rule: Rule,
    at: str = "",
    least_seconds: int = LEAST_SECONDS,
    since: datetime | None = None,
) -> None:
    """Whether a rule makes sense. Raises Invalid with a path for each fault, under `at`: it can't
    be read, never occurs after `since` (default: now), or more often than every `least_seconds`.

    Steps may have everySeconds from 1 on; cron and RRULE are never denser than a minute."""
    prefix = f"{at}." if at else ""
    faults = [
        FieldError(prefix + path, message)
        for path, message in _unreadable(rule)
        or _senseless(rule, least_seconds, since or clock.now())
    ]
    if faults:
        raise Invalid(faults)


def _walk(rule: Rule, after: datetime) -> Iterator[datetime]:
    zone = zone_of(rule.timezone)
    start = parse_moment(rule.start) if rule.start else None
    if after.year > LAST_YEAR or (start and start.year > LAST_YEAR):
        return iter(())
    # The start itself is an occurrence, if the rule says so.
    later = after if start is None else max(after, start - _TINY)
    if rule.cron is not None:
        return cron.walk(cron.parse(rule.cron), zone, later)
    if rule.rrule is not None:
        return rrule_walk.walk(rrules.parse(rule.rrule), zone, start or after, later)
    return _every(rule.every_seconds or 1, start or after, later)


def _every(seconds: int, start: datetime, after: datetime) -> Iterator[datetime]:
    every = timedelta(seconds=seconds)
    first = (after - start) // every + 1
    end = datetime(LAST_YEAR + 1, 1, 1, tzinfo=UTC)
    return (start + n * every for n in range(first, -((start - end) // every)))


def _unreadable(rule: Rule) -> list[tuple[str, str]]:
    faults: list[tuple[str, str]] = []
    for name, value, read in (
        ("timezone", rule.timezone, zone_of),
        ("cron", rule.cron, cron.parse),
        ("rrule", rule.rrule, rrules.parse),
    ):
        try:
            if value is not None:
                read(value)
        except ValueError as error:
            faults.append((name, str(error)))
    return faults


def least_gap(rule: Rule, since: datetime | None = None) -> timedelta | None:
    """The shortest time between two of its next occurrences; None if there are no two."""
    times = _sample(rule, since or clock.now())
    return min((b - a for a, b in pairwise(times)), default=None)


def _sample(rule: Rule, since: datetime) -> list[datetime]:
    """In UTC, where no clock changes bring two occurrences close together; a start that is a
    placeholder is filled in later."""
    start = None if rule.start is None or "{{" in rule.start else rule.start
    plain = rule.model_copy(update={"timezone": "UTC", "start": start})
    return occurrences(plain, since, LOOKED_AT)


def _senseless(rule: Rule, least_seconds: int, since: datetime) -> list[tuple[str, str]]:
    name = "cron" if rule.cron else "rrule" if rule.rrule else "everySeconds"
    if rule.every_seconds is None:
        least_seconds = max(least_seconds, LEAST_SECONDS)
    if not _sample(rule, since):
        return [(name, _never(since))]
    gap = least_gap(rule, since)
    return [(name, _dense(least_seconds))] if gap and gap.total_seconds() < least_seconds else []


def _never(since: datetime) -> str:
    return f"This never occurs after {since:%Y-%m-%d %H:%M} UTC."


def _dense(least_seconds: int) -> str:
    return f"That is too often: there must be at least {least_seconds} seconds in between."
