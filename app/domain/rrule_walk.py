"""When a recurrence rule occurs, in the local time of a zone.

Ours and not python-dateutil's, which goes on to the year 9999 whatever UNTIL says (a daily rule
that never matches takes it a minute) and counts up from the start each time. Here a walk begins
in the period (year, month, week, …) in which the search begins, and ends with LAST_YEAR.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import lru_cache
from itertools import islice
from zoneinfo import ZoneInfo

from app.domain import rrule_coarse, rrule_fine
from app.domain.rrules import RRule, parse, until_time
from app.domain.wall_time import DAY, LAST_YEAR, exists, instant_of, wall_of


def walk(rule: RRule, zone: ZoneInfo, start: datetime, after: datetime) -> Iterator[datetime]:
    """Its times from `start` (its DTSTART) on that are after `after`, in UTC, in order."""
    first = wall_of(start, zone).replace(microsecond=0)
    if rule.count is not None:
        instants: Iterator[datetime] = iter(_counted(rule.text, zone, first))
    else:
        # A day earlier: what fell into a gap may have moved to the day after its own.
        instants = _in_order(_walls(rule, first, wall_of(after, zone) - DAY), zone)
    until = _until_instant(rule, zone)
    last = after
    for at in instants:
        if until is not None and at > until:
            return
        if at > last:
            yield at
            last = at


@lru_cache(maxsize=32)  # each may have 10,000 times
def _counted(text: str, zone: ZoneInfo, first: datetime) -> tuple[datetime, ...]:
    rule = parse(text)
    return tuple(_in_order(islice(_walls(rule, first, first), rule.count), zone))


def _until_instant(rule: RRule, zone: ZoneInfo) -> datetime | None:
    until = until_time(rule.until) if rule.until else None
    if rule.until is None or until is None or until.year > LAST_YEAR:
        return None
    return until.replace(tzinfo=UTC) if rule.until.endswith("Z") else instant_of(until, zone)


def _in_order(walls: Iterator[datetime], zone: ZoneInfo) -> Iterator[datetime]:
    """Local times as instants. Those in a gap are later than they look; they wait for their
    turn."""
    moved: list[datetime] = []
    for wall in walls:
        at = instant_of(wall, zone)
        if not exists(wall, at, zone):
            moved.append(at)
            continue
        yield from sorted(early for early in moved if early < at)
        moved = [late for late in moved if late >= at]
        yield at
    yield from sorted(moved)


def _walls(rule: RRule, first: datetime, since: datetime) -> Iterator[datetime]:
    """Its local times, not before `first`, from the period of `since` on."""
    expanded = rrule_coarse.walls if rule.is_coarse else rrule_fine.walls
    walls = expanded(rule, first, max(first, since))
    return (wall for wall in walls if wall >= first)
