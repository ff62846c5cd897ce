"""Days of a rule in plain words: 'on the last Friday of the month', 'Monday to Friday'."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

LAST, LAST_WEEKDAY = "last day", "last weekday"
MONTHS = (
    "January February March April May June July August September October November December".split()
)
DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
_NUMBERS = {1: "first", 2: "second", 3: "third", 4: "fourth", 5: "fifth", -1: "last"}
_MOST = 5  # of a list that can still be read


@dataclass(frozen=True, slots=True)
class Days:
    """Which days match. Empty sets: all of them. Weekdays are pairs of a number within the month
    (0: each, -1: the last) and a day, Monday being 0."""

    months: frozenset[int] = frozenset()
    month_days: frozenset[int | str] = frozenset()  # 1 to 31, LAST or LAST_WEEKDAY
    weekdays: frozenset[tuple[int, int]] = frozenset()
    both: bool = False  # a day must match month_days and weekdays; else one of them is enough

    @property
    def all(self) -> bool:
        return not (self.months or self.month_days or self.weekdays)


def words(days: Days) -> str | None:
    """What follows a time of the day, with what joins them: ' on Mondays', ', Monday to Friday',
    ' every day'. None: no words that are both right and short."""
    if days.month_days and days.weekdays:
        return None if days.both or days.months else _either(days)
    if days.month_days:
        return _of_month(days)
    if days.weekdays:
        return _of_week(days)
    return f" every day{_in(days.months)}"


def _either(days: Days) -> str | None:
    first = _of_month(Days(month_days=days.month_days))
    second = _of_week(Days(weekdays=days.weekdays))
    if first is None or second is None or not second.startswith(" on "):
        return None
    return f"{first} and{second}"


def _of_month(days: Days) -> str | None:
    numbers = sorted(day for day in days.month_days if isinstance(day, int))
    if len(days.months) == len(numbers) == len(days.month_days) == 1:
        return f" on {numbers[0]} {MONTHS[min(days.months) - 1]}"
    named = {LAST: "the last day", LAST_WEEKDAY: "the last weekday"}
    if days.month_days <= named.keys():
        which = named[str(min(days.month_days))] if len(days.month_days) == 1 else None
    else:
        which = _dates(numbers) if len(numbers) == len(days.month_days) else None
    of = _some(days.months, MONTHS, 1) if days.months else "the month"
    return f" {which} of {of}".replace(" the last", " on the last", 1) if which and of else None


def _dates(numbers: list[int]) -> str | None:
    if len(numbers) > 2 and _in_a_row(numbers):
        return f"from the {_nth(numbers[0])} to the {_nth(numbers[-1])}"
    if len(numbers) > _MOST:
        return None
    return f"on the {_and(_nth(number) for number in numbers)}"


def _of_week(days: Days) -> str | None:
    plain = sorted(day for number, day in days.weekdays if number == 0)
    if len(plain) < len(days.weekdays):
        return _numbered(days) if not plain else None
    months = _in(days.months)
    if len(plain) == len(DAYS):
        return f" every day{months}"
    if len(plain) > 2 and _in_a_row(plain):
        return f", {DAYS[plain[0]]} to {DAYS[plain[-1]]}{',' if months else ''}{months}"
    return f" on {_and(f'{DAYS[day]}s' for day in plain)}{months}"


def _numbered(days: Days) -> str | None:
    """The first and third Monday."""
    weekdays = {day for _, day in days.weekdays}
    numbers = sorted((number for number, _ in days.weekdays), key=lambda number: number % 9)
    if len(weekdays) > 1 or not set(numbers) <= _NUMBERS.keys():
        return None
    of = _some(days.months, MONTHS, 1) if days.months else "the month"
    return f" on the {_and(_NUMBERS[n] for n in numbers)} {DAYS[weekdays.pop()]} of {of}"


def _in(months: Collection[int]) -> str:
    return f" in {_some(months, MONTHS, 1)}" if months else ""


def _some(numbers: Collection[int], names: Sequence[str], first: int) -> str:
    """'January', 'January and July', 'January to March'."""
    ordered = sorted(numbers)
    if len(ordered) > 2 and _in_a_row(ordered):
        return f"{names[ordered[0] - first]} to {names[ordered[-1] - first]}"
    return _and(names[number - first] for number in ordered)


def _in_a_row(numbers: list[int]) -> bool:
    return numbers[-1] - numbers[0] == len(numbers) - 1


def _nth(number: int) -> str:
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{'th' if 11 <= number <= 13 else ending}"


def _and(parts: Iterable[str]) -> str:
    *some, last = parts
    return f"{', '.join(some)} and {last}" if some else last
