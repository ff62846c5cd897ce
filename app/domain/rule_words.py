"""A rule in plain words: 'at 09:00, Monday to Friday, Europe/Berlin'.

Ours, since no library says both kinds: cron-descriptor knows no RRULE, and says 'or' where a field
that begins with a star means 'and'. What has no words that are both right and short is said as it
is written.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, time
from itertools import product
from typing import TypeVar

from cronsim import CronSim

from app.domain import cron, day_words, rrules, time_words
from app.domain.day_words import LAST, LAST_WEEKDAY, Days
from app.domain.rrules import RRule
from app.domain.wall_time import wall_of, zone_of
from app.schemas.durations import parse_moment
from app.schemas.recurrence import Rule

_Item = TypeVar("_Item")
_ALL_MONTHS = frozenset(range(1, 13))
_ALL_DAYS: frozenset[int | str] = frozenset(range(1, 32))
_ALL_WEEKDAYS = frozenset((0, day) for day in range(7))
_UNITS = {"YEARLY": "year", "MONTHLY": "month", "WEEKLY": "week", "DAILY": "day"}
_FINE = {"HOURLY": 3600, "MINUTELY": 60, "SECONDLY": 1}
_WORKDAYS = frozenset((0, day) for day in range(5))


def describe(rule: Rule) -> str:
    """When it occurs, in words; what has none that are right and short as it is written. Never
    raises: what can't be read is said as it is written too."""
    try:
        said = _words(rule)
    except (ValueError, OverflowError):
        said = None
    return said or f"{expression(rule)}, {rule.timezone}"


def expression(rule: Rule) -> str:
    """The rule as it is written: '0 9 * * 1-5', 'FREQ=DAILY', 'every 900 seconds'."""
    return rule.cron or rule.rrule or f"every {rule.every_seconds} seconds"


def _words(rule: Rule) -> str | None:
    if rule.every_seconds is not None:
        return time_words.every(rule.every_seconds)
    if rule.cron is not None:
        return _of_cron(rule.cron, rule.timezone)
    if rule.rrule is None:
        return None
    return _of_rrule(rrules.parse(rule.rrule), rule)


def _joined(times: str | None, days: str | None, *more: str | None) -> str | None:
    if times is None or days is None:
        return None
    return ", ".join(filter(None, [times + days, *more]))


# Cron.


def _of_cron(text: str, zone: str) -> str | None:
    parsed = cron.parse(text)
    real = not parsed.is_fixed
    times = time_words.words(parsed.times(), in_real_time=real)
    days = _cron_days(CronSim(text, datetime(2000, 1, 1, tzinfo=UTC)))
    if times and times.endswith("every hour") and days.all:
        return f"{times}, {zone}" if times.startswith("at ") else times
    if days.all and real and times and times.startswith("every") and " from " not in times:
        return times  # the same in every zone
    return _joined(times, day_words.words(days), zone)


def _cron_days(sim: CronSim) -> Days:
    named = {CronSim.LAST: LAST, CronSim.LAST_WEEKDAY: LAST_WEEKDAY}
    months = _unless_all(sim.months, _ALL_MONTHS)
    dates = _unless_all({named.get(day, day) for day in sim.days}, _ALL_DAYS)
    weekdays = _unless_all({_weekday(item) for item in sim.weekdays}, _ALL_WEEKDAYS)
    if not sim.day_and and not (dates and weekdays):
        return Days(months)  # one of them is enough, and one is any day
    return Days(months, dates, weekdays, both=sim.day_and)


def _weekday(item: int | tuple[int, int]) -> tuple[int, int]:
    """cronsim counts from Sunday, which is 0 and 7."""
    day, number = item if isinstance(item, tuple) else (item, 0)
    return -1 if number == CronSim.LAST else number, (day - 1) % 7


def _unless_all(found: Iterable[_Item], everything: frozenset[_Item]) -> frozenset[_Item]:
    return frozenset() if frozenset(found) >= everything else frozenset(found)


# RRULE.


def _of_rrule(rule: RRule, given: Rule) -> str | None:
    if rule.freq in _FINE:
        return _fine(rule, given)
    first = wall_of(parse_moment(given.start), zone_of(given.timezone)) if given.start else None
    times, days = _times(rule, first), _rrule_days(rule, first)
    if times is None or days is None:
        return None
    said = day_words.words(days)
    if rule.interval > 1:
        said = _every(rule, said)
    return _joined(time_words.words(times), said, _end(rule), given.timezone)


def _fine(rule: RRule, given: Rule) -> str | None:
    # By the clock on the wall, elsewhere: an hour that comes twice is passed once.
    if rule.parts or given.timezone != "UTC":
        return None
    return _joined(time_words.every(_FINE[rule.freq] * rule.interval), "", _end(rule))


def _times(rule: RRule, first: datetime | None) -> list[time] | None:
    """The times of a day; None if only a start that is not known says them."""
    hours, minutes, seconds = (
        rule.numbers(f"BY{name.upper()}") or ({getattr(first, name)} if first else None)
        for name in ("hour", "minute", "second")
    )
    if hours is None or minutes is None or seconds is None:
        return None
    return [time(hour, minute, second) for hour, minute, second in product(hours, minutes, seconds)]


def _rrule_days(rule: RRule, first: datetime | None) -> Days | None:
    """None if there are no words for them."""
    if _last_workday(rule):
        return Days(rule.numbers("BYMONTH"), frozenset({LAST_WEEKDAY}))
    if rule.parts.keys() & {"BYSETPOS", "BYWEEKNO", "BYYEARDAY"}:
        return None
    months, weekdays = rule.numbers("BYMONTH"), rule.days()
    dates: frozenset[int | str] = frozenset(
        LAST if day == -1 else day for day in rule.numbers("BYMONTHDAY")
    )
    if any(isinstance(day, int) and day < 0 for day in dates):
        return None
    numbered = any(number for number, _ in weekdays)
    if numbered and (rule.freq == "YEARLY" and not months):
        return None  # of the year
    if dates or weekdays or rule.freq == "DAILY":
        return Days(_unless_all(months, _ALL_MONTHS), dates, weekdays, both=True)
    return _days_of_first(rule, months, first) if first else None


def _days_of_first(rule: RRule, months: frozenset[int], first: datetime) -> Days:
    if rule.freq == "WEEKLY":
        return Days(months, weekdays=frozenset({(0, first.weekday())}))
    if rule.freq == "YEARLY" and not months:
        months = frozenset({first.month})
    return Days(months, frozenset({first.day}))


def _last_workday(rule: RRule) -> bool:
    shape = (rule.freq, rule.parts.get("BYSETPOS"), rule.days())
    others = rule.parts.keys() & {"BYMONTHDAY", "BYWEEKNO", "BYYEARDAY"}
    of_month = shape == ("MONTHLY", "-1", _WORKDAYS) and not others
    # BYSETPOS chooses among times, too: one of them is fine.
    return of_month and all("," not in rule.parts.get(name, "") for name in ("BYHOUR", "BYMINUTE"))


def _every(rule: RRule, days: str | None) -> str | None:
    """'every 2 weeks' behind the days; None where that would have to be thought about."""
    said = f"every {rule.interval} {_UNITS[rule.freq]}s"
    if days is None or "WKST" in rule.parts or (rule.freq == "MONTHLY" and "BYMONTH" in rule.parts):
        return None
    if rule.freq == "DAILY":
        return days.replace("every day", said) if "every day" in days else None
    return f"{days}, {said}"


def _end(rule: RRule) -> str | None:
    if rule.count is not None:
        return "once" if rule.count == 1 else f"{rule.count} times in all"
    if rule.until is None:
        return None
    until = rrules.until_time(rule.until)
    return f"until {until:%Y-%m-%d %H:%M}{' UTC' if rule.until.endswith('Z') else ''}"
