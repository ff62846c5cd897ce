"""Cron once more, written another way: a daemon that looks at the clock on the wall each minute,
as Debian's does. Slow, and shares nothing with the application."""

from calendar import monthrange
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

MINUTE = timedelta(minutes=1)
MONTHS = "JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC".split()
DAYS = "SUN MON TUE WED THU FRI SAT".split()


class Job:
    """An expression, and what it makes of a time on the wall."""

    def __init__(self, text: str) -> None:
        self.minute, self.hour, self.day, self.month, self.weekday = text.upper().split()
        self.is_wild = self.minute[0] == "*" or self.hour[0] == "*"

    def matches(self, wall: datetime) -> bool:
        return (
            _fits(self.minute, wall.minute, 0, 59)
            and _fits(self.hour, wall.hour, 0, 23)
            and _fits(self.month, wall.month, 1, 12, MONTHS, 1)
            and self._is_a_day(wall)
        )

    def _is_a_day(self, wall: datetime) -> bool:
        last = monthrange(wall.year, wall.month)[1]
        by_day = any(
            (part == "L" and wall.day == last) or (part != "L" and _fits(part, wall.day, 1, 31))
            for part in self.day.split(",")
        )
        weekday = wall.isoweekday() % 7
        by_weekday = any(
            self._is_weekday(part, weekday, wall.day, last) for part in self.weekday.split(",")
        )
        both = self.day[0] == "*" or self.weekday[0] == "*"
        return by_day and by_weekday if both else by_day or by_weekday

    def _is_weekday(self, part: str, weekday: int, day: int, last: int) -> bool:
        if part.endswith("L"):
            return int(part[:-1]) % 7 == weekday and day + 7 > last
        if "#" in part:
            name, number = part.split("#")
            return _fits(name, weekday, 0, 7, DAYS) and (day - 1) // 7 == int(number) - 1
        return _fits(part, weekday, 0, 7, DAYS) or (weekday == 0 and _fits(part, 7, 0, 7, DAYS))


def _fits(
    field: str,
    value: int,
    least: int,
    most: int,
    names: Sequence[str] = (),
    first: int = 0,
) -> bool:
    for part in field.split(","):
        span, _, step = part.partition("/")
        low, dash, high = span.partition("-")
        begin = least if low == "*" else _number(low, names, first)
        end = _number(high, names, first) if dash else most if low == "*" or step else begin
        if begin <= value <= end and (value - begin) % int(step or 1) == 0:
            return True
    return False


def _number(text: str, names: Sequence[str], first: int) -> int:
    return names.index(text) + first if text in names else int(text)


def watch(job: Job, zone: ZoneInfo, begin: datetime, end: datetime) -> Iterator[datetime]:
    """When the daemon starts the job between two times (UTC, whole minutes): a wild one whenever
    the wall says so; another one once for the minutes of the wall that are new, be they skipped."""
    known = (begin - MINUTE).astimezone(zone).replace(tzinfo=None)
    at = begin
    while at < end:
        wall = at.astimezone(zone).replace(tzinfo=None)
        if job.is_wild:
            if job.matches(wall):
                yield at
        elif wall > known:
            passed = int((wall - known) / MINUTE)
            if any(job.matches(known + n * MINUTE) for n in range(1, passed + 1)):
                yield at
        known = max(known, wall)
        at += MINUTE


def changes(zone: ZoneInfo, year: int) -> list[datetime]:
    """The hours of a year at which the zone's clocks change, in UTC."""
    hours = (datetime(year, 1, 1, tzinfo=UTC) + n * timedelta(hours=1) for n in range(366 * 24))
    return [
        at
        for at in hours
        if at.astimezone(zone).utcoffset() != (at + timedelta(hours=1)).astimezone(zone).utcoffset()
    ]
