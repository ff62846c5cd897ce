"""Recurrence rules of RFC 5545, walked in the local time of a zone.

python-dateutil expands them. Two things are done before it gets to see a rule. What it would
search for ever, or flood with, is refused. And its start is moved to the period (year, month,
week, …) in which the search begins, with all that the rule takes from its start written out; so
the thousandth occurrence costs no more than the first.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import islice
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr

from app.domain.wall_time import DAY, LAST_YEAR, exists, instant_of, wall_of

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
        _until_time(text)
    except ValueError:
        raise ValueError("UNTIL must be a time such as 20261231T235959Z.") from None


def _until_time(text: str) -> datetime:
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


def walk(rule: RRule, zone: ZoneInfo, start: datetime, after: datetime) -> Iterator[datetime]:
    """Its times from `start` (its DTSTART) on that are after `after`, in UTC, in order."""
    first = wall_of(start, zone).replace(microsecond=0)
    if rule.count is not None:
        instants: Iterator[datetime] = iter(_counted(rule.text, zone, first))
    else:
        # A day earlier: what fell into a gap may have moved to the day after its own.
        since = max(first, wall_of(after, zone) - DAY)
        instants = _in_order(_walls(rule, zone, first, since), zone)
    until = _until_instant(rule, zone)
    last = after
    for at in instants:
        if until is not None and at > until:
            return
        if at > last:
            yield at
            last = at


@lru_cache(maxsize=256)
def _counted(text: str, zone: ZoneInfo, first: datetime) -> tuple[datetime, ...]:
    rule = parse(text)
    walls = islice(_walls(rule, zone, first, first), rule.count)
    return tuple(_in_order(walls, zone))


def _until_instant(rule: RRule, zone: ZoneInfo) -> datetime | None:
    if rule.until is None:
        return None
    until = _until_time(rule.until)
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


def _walls(rule: RRule, zone: ZoneInfo, first: datetime, since: datetime) -> Iterator[datetime]:
    """Its local times from the period of `since` on."""
    end = datetime(LAST_YEAR, 12, 31, 23, 59, 59)  # noqa: DTZ001 - local time
    if (until := _until_instant(rule, zone)) is not None:
        end = min(end, wall_of(until, zone) + DAY)
    begin = _period(rule, first, since)
    parts = {"FREQ": rule.freq, "INTERVAL": str(rule.interval)} | _from_start(rule, first)
    text = ";".join(f"{name}={value}" for name, value in (rule.parts | parts).items())
    try:
        expanded = rrulestr(f"{text};UNTIL={end:%Y%m%dT%H%M%S}", dtstart=begin)
        yield from (wall for wall in expanded if wall >= first)
    except ValueError:
        return  # dateutil found that the interval never meets the BY… parts


def _from_start(rule: RRule, first: datetime) -> dict[str, str]:
    """What the rule leaves open and takes from its start, written out."""
    parts: dict[str, str] = {}
    if not rule.parts.keys() & {"BYWEEKNO", "BYYEARDAY", "BYMONTHDAY", "BYDAY"}:
        if rule.freq == "YEARLY" and "BYMONTH" not in rule.parts:
            parts["BYMONTH"] = str(first.month)
        if rule.freq in ("YEARLY", "MONTHLY"):
            parts["BYMONTHDAY"] = str(first.day)
        if rule.freq == "WEEKLY":
            parts["BYDAY"] = DAYS[first.weekday()]
    units = [*UNITS]
    for name, value in (("HOUR", first.hour), ("MINUTE", first.minute), ("SECOND", first.second)):
        finer = units.index(rule.freq) < units.index(f"{name}LY")
        if finer and f"BY{name}" not in rule.parts:
            parts[f"BY{name}"] = str(value)
    return parts


def _period(rule: RRule, first: datetime, since: datetime) -> datetime:
    """The beginning of the last period at or before `since` in which the rule may match."""
    if rule.freq in ("YEARLY", "MONTHLY"):
        size = 12 if rule.freq == "YEARLY" else 1
        month = first.year * 12 + (0 if rule.freq == "YEARLY" else first.month - 1)
        passed = (since.year * 12 + since.month - 1 - month) // size
        month += passed // rule.interval * rule.interval * size
        return first.replace(
            year=month // 12, month=month % 12 + 1, day=1, hour=0, minute=0, second=0
        )
    begin = _period_begins(rule, first)
    every = UNITS[rule.freq] * rule.interval
    return begin + (since - begin) // every * every


def _period_begins(rule: RRule, first: datetime) -> datetime:
    if rule.freq == "SECONDLY":
        return first
    if rule.freq == "MINUTELY":
        return first.replace(second=0)
    if rule.freq == "HOURLY":
        return first.replace(minute=0, second=0)
    begin = first.replace(hour=0, minute=0, second=0)
    if rule.freq == "WEEKLY":
        begin -= (begin.weekday() - DAYS.index(rule.parts.get("WKST", "MO"))) % 7 * DAY
    return begin
