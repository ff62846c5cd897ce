"""Recurrence rules by the year, month, week or day: the days of each period that match, each with
all times of the day. All times here are local and without a zone."""

from collections.abc import Iterator
from datetime import date, datetime, time
from itertools import product

from app.domain.rrule_days import DayFilter
from app.domain.rrules import DAYS, UNITS, RRule
from app.domain.wall_time import DAY, LAST_YEAR


def walls(rule: RRule, first: datetime, since: datetime) -> Iterator[datetime]:
    """The times of a rule that starts at `first`, from the period of `since` on."""
    matches = DayFilter(rule, first.date())
    times = _times(rule, first)
    chosen = rule.numbers("BYSETPOS")
    begin = _period(rule, first.date(), since.date())
    while begin.year <= LAST_YEAR:
        end = _later(rule, begin, 1)
        all_days = (begin + n * DAY for n in range((end - begin).days))
        days = filter(matches, all_days)
        if chosen:
            yield from _at_places(list(days), times, chosen)
        else:
            yield from (datetime.combine(day, at) for day, at in product(days, times))
        begin = _later(rule, begin, rule.interval)


def _times(rule: RRule, first: datetime) -> list[time]:
    hours = rule.numbers("BYHOUR") or {first.hour}
    minutes = rule.numbers("BYMINUTE") or {first.minute}
    seconds = rule.numbers("BYSECOND") or {first.second}
    return [time(*parts) for parts in product(sorted(hours), sorted(minutes), sorted(seconds))]


def _at_places(days: list[date], times: list[time], chosen: frozenset[int]) -> Iterator[datetime]:
    """Those with these numbers, by arithmetic: a year may have half a million times."""
    number = len(days) * len(times)
    places = {at - 1 if at > 0 else number + at for at in chosen}
    for place in sorted(at for at in places if 0 <= at < number):
        day, at = divmod(place, len(times))
        yield datetime.combine(days[day], times[at])


def _period(rule: RRule, first: date, since: date) -> date:
    """The beginning of the last period at or before `since` in which the rule may occur."""
    if rule.freq == "YEARLY":
        begin = first.replace(month=1, day=1)
        passed = since.year - begin.year
    elif rule.freq == "MONTHLY":
        begin = first.replace(day=1)
        passed = (since.year - begin.year) * 12 + since.month - begin.month
    elif rule.freq == "WEEKLY":
        begin = first - (first.weekday() - DAYS.index(rule.parts.get("WKST", "MO"))) % 7 * DAY
        passed = (since - begin).days // 7
    else:
        begin, passed = first, (since - first).days
    return _later(rule, begin, passed // rule.interval * rule.interval)


def _later(rule: RRule, begin: date, periods: int) -> date:
    if rule.freq in ("YEARLY", "MONTHLY"):
        months = begin.year * 12 + begin.month - 1 + periods * (12 if rule.freq == "YEARLY" else 1)
        return date(months // 12, months % 12 + 1, 1)
    return begin + periods * UNITS[rule.freq]
