"""Which days a recurrence rule names."""

from calendar import isleap, monthrange
from collections.abc import Callable, Iterator
from datetime import date

from app.domain.rrules import DAYS, RRule
from app.domain.wall_time import DAY

Check = Callable[[date], bool]


class DayFilter:
    """Called with a day: whether all BY… parts about days hold. What a rule leaves open it takes
    from its first day."""

    def __init__(self, rule: RRule, first: date) -> None:
        self._checks = [*_checks(rule, first)]

    def __call__(self, day: date) -> bool:
        return all(check(day) for check in self._checks)


def _checks(rule: RRule, first: date) -> Iterator[Check]:
    names = rule.parts.keys()
    if months := rule.numbers("BYMONTH"):
        yield lambda day: day.month in months
    if year_days := rule.numbers("BYYEARDAY"):
        yield lambda day: bool({_year_day(day), _year_day(day) - _year_length(day) - 1} & year_days)
    if days := rule.numbers("BYMONTHDAY"):
        yield lambda day: bool({day.day, day.day - _month_length(day) - 1} & days)
    if weeks := rule.numbers("BYWEEKNO"):
        wkst = DAYS.index(rule.parts.get("WKST", "MO"))
        yield lambda day: bool({*_week(day, wkst)} & weeks)
    if weekdays := rule.days():
        of_month = rule.freq == "MONTHLY" or "BYMONTH" in names
        yield lambda day: _is_one_of(day, weekdays, of_month)
    if not names & {"BYWEEKNO", "BYYEARDAY", "BYMONTHDAY", "BYDAY"}:
        yield from _checks_of_first(rule, first)


def _checks_of_first(rule: RRule, first: date) -> Iterator[Check]:
    if rule.freq == "YEARLY" and "BYMONTH" not in rule.parts:
        yield lambda day: day.month == first.month
    if rule.freq in ("YEARLY", "MONTHLY"):
        yield lambda day: day.day == first.day
    if rule.freq == "WEEKLY":
        yield lambda day: day.weekday() == first.weekday()


def _is_one_of(day: date, weekdays: frozenset[tuple[int, int]], of_month: bool) -> bool:
    """Whether it is, say, a Monday, the third or the last Monday of its month or year."""
    at = day.day if of_month else _year_day(day)
    length = _month_length(day) if of_month else _year_length(day)
    weekday = day.weekday()
    numbers = (0, (at - 1) // 7 + 1, -((length - at) // 7 + 1))
    return any((number, weekday) in weekdays for number in numbers)


def _week(day: date, wkst: int) -> tuple[int, int]:
    """The number of its week, from the beginning and from the end of the year. A week belongs to
    the year that has most of it."""
    middle = day + (3 - (day.weekday() - wkst) % 7) * DAY
    number = (_year_day(middle) - 1) // 7 + 1
    last = date(middle.year, 12, 28)
    last_middle = last + (3 - (last.weekday() - wkst) % 7) * DAY
    return number, number - (_year_day(last_middle) - 1) // 7 - 2


def _month_length(day: date) -> int:
    return monthrange(day.year, day.month)[1]


def _year_day(day: date) -> int:
    return day.timetuple().tm_yday


def _year_length(day: date) -> int:
    return 366 if isleap(day.year) else 365
