"""Cron as Debian's: five fields, and what becomes of them when clocks change.

cronsim reads the expression and says which days match. The walk within a day is ours: a job with
fixed minutes and hours runs once, right after a gap and not twice in an overlap; a job whose
minute or hour begins with a star follows real time.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import takewhile
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from app.domain.wall_time import DAY, LAST_YEAR, MINUTE, day_begins, exists, gap_end, instant_of

_ANY_TIME = datetime(2000, 1, 1, tzinfo=UTC)


class Cron:
    """A checked expression."""

    def __init__(self, text: str) -> None:
        """Raises ValueError with a message for authors."""
        fields = text.split()
        if len(fields) != 5 or text.startswith("@"):
            raise ValueError(
                "Cron has five fields: minute, hour, day of the month, month, day of the week."
            )
        try:
            self._sim = CronSim(text, _ANY_TIME)
        except CronSimError as error:
            raise ValueError(_message(str(error))) from None
        self.minutes = sorted(self._sim.minutes)
        self.hours = sorted(self._sim.hours)
        self.is_fixed = not fields[0].startswith("*") and not fields[1].startswith("*")

    def days(self, since: date) -> Iterator[date]:
        """The days that match, until the end of LAST_YEAR."""
        day = since
        while day.year <= LAST_YEAR:
            if day.month not in self._sim.months:
                day = (day.replace(day=1) + 32 * DAY).replace(day=1)
                continue
            if self._sim.match_day(day):
                yield day
            day += DAY

    def times(self) -> Iterator[time]:
        """The times of a day that match, in order."""
        return (time(hour, minute) for hour in self.hours for minute in self.minutes)


def _message(fault: str) -> str:
    if not fault.startswith("Bad "):
        return f"This is not a cron expression: {fault}."
    field = fault.removeprefix("Bad ")
    return f"The field {field.replace('-', ' ')} is wrong, or names a day that never comes."


@lru_cache(maxsize=4096)
def parse(text: str) -> Cron:
    """A cron expression, checked. Raises ValueError with a message for authors."""
    return Cron(text)


def walk(cron: Cron, zone: ZoneInfo, after: datetime) -> Iterator[datetime]:
    """All its times after `after`, in UTC, in order."""
    last = after
    # A day earlier: a time that fell into a gap may have moved to the day after its own.
    for day in cron.days(after.astimezone(zone).date() - DAY):
        for at in _times_of(cron, zone, day, last):
            if at > last:
                yield at
                last = at


def _times_of(cron: Cron, zone: ZoneInfo, day: date, after: datetime) -> Iterator[datetime]:
    begin, end = day_begins(day, zone), day_begins(day + DAY, zone)
    if end <= after and not cron.is_fixed:
        return iter(())
    if end - begin == DAY:
        return _on_plain_day(cron, begin, after)
    if cron.is_fixed:
        return iter(sorted({_moved(zone, datetime.combine(day, at)) for at in cron.times()}))
    return _in_real_time(cron, zone, day, begin, end)


def _on_plain_day(cron: Cron, begin: datetime, after: datetime) -> Iterator[datetime]:
    for hour in cron.hours:
        full = begin + timedelta(hours=hour)
        if full + timedelta(hours=1) > after:
            yield from (full + timedelta(minutes=minute) for minute in cron.minutes)


def _moved(zone: ZoneInfo, wall: datetime) -> datetime:
    at = instant_of(wall, zone)
    return at if exists(wall, at, zone) else gap_end(wall, zone)


def _in_real_time(
    cron: Cron, zone: ZoneInfo, day: date, begin: datetime, end: datetime
) -> Iterator[datetime]:
    minutes = takewhile(lambda at: at < end, (begin + n * MINUTE for n in range(3 * 1440)))
    for at in minutes:
        wall = at.astimezone(zone)
        if wall.date() == day and wall.hour in cron.hours and wall.minute in cron.minutes:
            yield at
