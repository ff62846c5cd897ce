"""Recurrence rules of RFC 5545, read and checked; `rrule_walk` says when they occur.

What would be searched for ever, floods, or means nothing is refused.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from app.domain.wall_time import DAY

MAX_COUNT = 10_000  # they are counted from the first on
MAX_TIMES_A_DAY = 1440
DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
UNITS = {
    "YEARLY": timedelta(days=366),
    "MONTHLY": timedelta(days=31),
    "WEEKLY": timedelta(weeks=1),
    "DAILY": DAY,
    "HOURLY": timedelta(hours=1),
    "MINUTELY": timedelta(minutes=1),
    "SECONDLY": timedelta(seconds=1),
}
_LONGEST = timedelta(days=366 * 100)
_CLOCK = {"BYHOUR": 23, "BYMINUTE": 59, "BYSECOND": 59}
_CALENDAR = {
    "BYMONTH": (1, 12),
    "BYMONTHDAY": (-31, 31),
    "BYYEARDAY": (-366, 366),
    "BYWEEKNO": (-53, 53),
    "BYSETPOS": (-366, 366),
}
_RANGES = {name: (0, most) for name, most in _CLOCK.items()} | _CALENDAR
_NOT_WITH = {  # RFC 5545, 3.3.10: "… MUST NOT be used when FREQ is …"
    "BYWEEKNO": {"MONTHLY", "WEEKLY", "DAILY", "HOURLY", "MINUTELY", "SECONDLY"},
    "BYYEARDAY": {"MONTHLY", "WEEKLY", "DAILY"},
    "BYMONTHDAY": {"WEEKLY"},
    # Not the RFC: there it only says which minute or second, and seldom one that exists.
    "BYSETPOS": {"HOURLY", "MINUTELY", "SECONDLY"},
}
_DAY = re.compile(r"([+-]?[1-9][0-9]?)?(MO|TU|WE|TH|FR|SA|SU)")
_NUMBER = re.compile(r"[+-]?[0-9]{1,3}")
_UNTIL = re.compile(r"[0-9]{8}(T[0-9]{6}Z?)?")


@dataclass(frozen=True, slots=True)
class RRule:
    """A checked rule. `parts` are its own, without FREQ, INTERVAL, COUNT and UNTIL."""

    text: str
    freq: str
    interval: int
    count: int | None
    until: str | None
    parts: dict[str, str]

    def numbers(self, name: str) -> frozenset[int]:
        """The numbers of a BY… part; none if the rule does not have it."""
        return frozenset(
            int(number) for number in filter(None, self.parts.get(name, "").split(","))
        )

    def days(self) -> frozenset[tuple[int, int]]:
        """BYDAY as pairs of a number (0: every) and a weekday, Monday being 0."""
        found = (
            _DAY.fullmatch(day) for day in filter(None, self.parts.get("BYDAY", "").split(","))
        )
        return frozenset((int(day[1] or 0), DAYS.index(day[2])) for day in found if day)

    def _values(self, name: str) -> list[str]:
        return self.parts[name].split(",") if name in self.parts else []

    @property
    def is_coarse(self) -> bool:
        return self.freq in ("YEARLY", "MONTHLY", "WEEKLY", "DAILY")


@lru_cache(maxsize=4096)
def parse(text: str) -> RRule:
    """A rule, checked. Raises ValueError with a message for authors."""
    parts = _parts(text.upper())
    freq = parts.pop("FREQ", "")
    if freq not in UNITS:
        raise ValueError(f"FREQ must be one of {', '.join(UNITS)}.")
    count, until = parts.pop("COUNT", None), parts.pop("UNTIL", None)
    if count is not None and until is not None:
        raise ValueError("Give either COUNT or UNTIL.")
    if until is not None:
        _check_until(until)
    rule = RRule(
        text,
        freq,
        _whole("INTERVAL", parts.pop("INTERVAL", "1"), _LONGEST // UNITS[freq]),
        None if count is None else _whole("COUNT", count, MAX_COUNT),
        until,
        parts,
    )
    _check_parts(rule)
    return rule


def _parts(text: str) -> dict[str, str]:
    parts: dict[str, str] = {}
    for part in text.split(";"):
        name, equals, value = part.partition("=")
        known = name in _RANGES or name in ("FREQ", "INTERVAL", "COUNT", "UNTIL", "BYDAY", "WKST")
        if not known or not equals or not value:
            raise ValueError(f"{part[:40]!r} is not a part of a recurrence rule.")
        if name in parts:
            raise ValueError(f"{name} stands there twice.")
        parts[name] = value
    return parts


def _whole(name: str, text: str, most: int) -> int:
    if not (text.isascii() and text.isdigit()) or len(text) > 12 or not 1 <= int(text) <= most:
        raise ValueError(f"{name} must be a whole number from 1 to {most:,}.")
    return int(text)


def _check_until(text: str) -> None:
    try:
        if not _UNTIL.fullmatch(text):
            raise ValueError
        if until_time(text).year < 1970:
            raise ValueError
    except ValueError:
        raise ValueError("UNTIL must be a time such as 20261231T235959Z.") from None


def until_time(text: str) -> datetime:
    """UNTIL as it is written; a date alone is its first moment."""
    return datetime.strptime(text.rstrip("Z"), "%Y%m%dT%H%M%S" if "T" in text else "%Y%m%d")  # noqa: DTZ007


def _check_parts(rule: RRule) -> None:
    for name, value in rule.parts.items():
        if rule.freq in _NOT_WITH.get(name, ()):
            raise ValueError(f"{name} does not go with FREQ={rule.freq}.")
        if name == "WKST" and value not in DAYS:
            raise ValueError(f"WKST must be one of {', '.join(DAYS)}.")
        if name in _RANGES:
            _check_numbers(name, value.split(","), *_RANGES[name])
    _check_days(rule)
    if "BYSETPOS" in rule.parts and not rule.parts.keys() - {"BYSETPOS", "WKST"}:
        raise ValueError("BYSETPOS chooses among what other BY… parts give; there are none.")
    if rule.is_coarse and _times_a_day(rule) > MAX_TIMES_A_DAY:
        raise ValueError("That is more often than once a minute.")


def _check_numbers(name: str, numbers: list[str], least: int, most: int) -> None:
    for number in numbers:
        fits = _NUMBER.fullmatch(number) and least <= int(number) <= most
        if not fits or (name in _CALENDAR and int(number) == 0):
            raise ValueError(
                f"{name} has numbers from {least or 0} to {most}, not {number[:20]!r}."
            )


def _check_days(rule: RRule) -> None:
    for day in rule.parts.get("BYDAY", "MO").split(","):
        match = _DAY.fullmatch(day)
        if match is None:
            raise ValueError(f"BYDAY has days such as MO, 1MO or -1FR, not {day[:20]!r}.")
        numbered = rule.freq in ("YEARLY", "MONTHLY") and "BYWEEKNO" not in rule.parts
        most = 53 if rule.freq == "YEARLY" else 5
        if match[1] and not (numbered and abs(int(match[1])) <= most):
            raise ValueError(f"BYDAY={day} does not go with FREQ={rule.freq}.")


def _times_a_day(rule: RRule) -> int:
    times = 1
    for name in _CLOCK:
        times *= rule.parts.get(name, "").count(",") + 1
    return times
