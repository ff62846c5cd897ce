"""What the clock on a wall shows, and when that is: time zones, their gaps and overlaps."""

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

LAST_YEAR = 2100  # searches end here, so that a rule that never matches ends too
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


@cache
def zone_names() -> frozenset[str]:
    """All time zones known here. ZoneInfo itself would open any file of that name. Not those that
    mean another time on another machine, or none."""
    return frozenset(available_timezones() - {"localtime", "Factory"})


def zone_of(name: str) -> ZoneInfo:
    """The zone of that name. Raises ValueError with a message for authors."""
    if name not in zone_names():
        raise ValueError(f"{name[:60]!r} is not a time zone; write one such as Europe/Berlin.")
    return ZoneInfo(name)


def wall_of(instant: datetime, zone: ZoneInfo) -> datetime:
    """What the clock shows at an instant, without a zone."""
    return instant.astimezone(zone).replace(tzinfo=None, fold=0)


def instant_of(wall: datetime, zone: ZoneInfo) -> datetime:
    """When the clock shows `wall`, in UTC: where it does so twice the first time, and where never
    (a gap) by the offset before the gap, as RFC 5545 has it."""
    return wall.replace(tzinfo=zone, fold=0).astimezone(UTC)


def exists(wall: datetime, instant: datetime, zone: ZoneInfo) -> bool:
    """Whether the clock shows `wall` at the instant that `instant_of` gave."""
    return wall_of(instant, zone) == wall


def gap_end(wall: datetime, zone: ZoneInfo) -> datetime:
    """When the gap that `wall` lies in is over, in UTC. Clocks change at whole minutes."""
    wall = wall.replace(second=0)
    while not exists(wall, at := instant_of(wall, zone), zone):
        wall += MINUTE
    return at


def day_begins(day: date, zone: ZoneInfo) -> datetime:
    """When a day begins, in UTC."""
    return instant_of(datetime.combine(day, time()), zone)
