"""Recurrence rules by the hour, minute or second: step by step, with leaps over what can't match.
All times here are local and without a zone."""

from collections.abc import Iterator
from datetime import datetime, time
from functools import cache
from itertools import product
from math import gcd

from app.domain.rrule_days import DayFilter
from app.domain.rrules import UNITS, RRule
from app.domain.wall_time import DAY, LAST_YEAR

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - local time
_HOUR, _MINUTE, _SECOND = UNITS["HOURLY"], UNITS["MINUTELY"], UNITS["SECONDLY"]


def walls(rule: RRule, first: datetime, since: datetime) -> Iterator[datetime]:
    """The times of a rule that starts at `first`, from the step of `since` on."""
    steps = _Steps(rule, first)
    if not steps.ever_meet():
        return
    at = steps.begin + (since - steps.begin) // steps.every * steps.every
    while at.year <= LAST_YEAR:
        leap = steps.leap(at)
        if leap is None:
            yield from steps.times_within(at)
            at += steps.every
        else:
            at += -((at - leap) // steps.every) * steps.every


class _Steps:
    """The steps of one rule: from where, how wide, and what they must meet."""

    def __init__(self, rule: RRule, first: datetime) -> None:
        self.unit = UNITS[rule.freq]
        self.every = self.unit * rule.interval
        self.begin = first - (first - _EPOCH) % self.unit
        self._first = first
        self._hours = rule.numbers("BYHOUR")
        self._minutes = rule.numbers("BYMINUTE")
        self._seconds = rule.numbers("BYSECOND")
        self._matches = cache(DayFilter(rule, first.date()))

    def ever_meet(self) -> bool:
        """Whether a step ever falls on an hour, minute and second that the rule names. If not,
        one would look for it until the end of days."""
        same = gcd(int(self.every.total_seconds()), 86_400)
        begin = (self.begin - datetime.combine(self.begin, time())).seconds
        hours = self._hours or range(24)
        minutes = (self._minutes or range(60)) if self.unit < _HOUR else (0,)
        seconds = (self._seconds or range(60)) if self.unit < _MINUTE else (0,)
        return any(
            (hour * 3600 + minute * 60 + second - begin) % same == 0
            for hour, minute, second in product(hours, minutes, seconds)
        )

    def leap(self, at: datetime) -> datetime | None:
        """The next time at which the rule may match; None if it does now."""
        if not self._matches(at.date()):
            return datetime.combine(at.date() + DAY, time())
        if self._hours and at.hour not in self._hours:
            return at.replace(minute=0, second=0) + _HOUR
        if self.unit < _HOUR and self._minutes and at.minute not in self._minutes:
            return at.replace(second=0) + _MINUTE
        if self.unit < _MINUTE and self._seconds and at.second not in self._seconds:
            return at + _SECOND
        return None

    def times_within(self, at: datetime) -> Iterator[datetime]:
        """The times of the hour, minute or second that begins at `at`."""
        minutes = self._minutes or {self._first.minute}
        seconds = self._seconds or {self._first.second}
        if self.unit < _HOUR:
            minutes = {at.minute}
        if self.unit < _MINUTE:
            seconds = {at.second}
        pairs = product(sorted(minutes), sorted(seconds))
        return (at.replace(minute=minute, second=second) for minute, second in pairs)
