"""ISO 8601 times, and durations of fixed length: weeks, days, hours, minutes, seconds."""

import re
from datetime import UTC, datetime, timedelta

_DURATION = re.compile(
    r"P(?:(?P<weeks>\d{1,4})W)?(?:(?P<days>\d{1,5})D)?"
    r"(?:T(?:(?P<hours>\d{1,6})H)?(?:(?P<minutes>\d{1,7})M)?(?:(?P<seconds>\d{1,9})S)?)?",
    re.ASCII,
)
_WORDS = re.compile(
    r"([0-9]{1,9}) ?(weeks?|w|days?|d|hours?|hrs?|h|minutes?|mins?|m|seconds?|secs?|s)\b"
)
LONGEST = timedelta(days=3660)


def parse_duration(text: str) -> timedelta:
    """`PT15M` → 15 minutes. Months and years have no fixed length and are refused.
    Raises ValueError with a message for authors."""
    match = _DURATION.fullmatch(text)
    parts = {k: int(v) for k, v in match.groupdict().items() if v} if match else {}
    if not parts or text.endswith("T"):
        raise ValueError("Write a duration such as PT15M, PT2H or P1D.")
    duration = timedelta(**parts)
    if duration > LONGEST:
        raise ValueError("A duration may be at most ten years.")
    return duration


def read_duration(text: str) -> str | None:
    """A duration that somebody wrote in words or as ISO 8601, as the latter: '1 day 12 h' →
    `P1DT12H`; None if it is neither."""
    found = re.sub(r"[,\s]+|\band\b", " ", text.strip().lower()).strip()
    parts = _WORDS.findall(found)
    if not parts or _WORDS.sub("", found).strip():
        return text.strip().upper() if _DURATION.fullmatch(text.strip().upper()) else None
    amounts = dict.fromkeys("wdhms", 0)
    for number, unit in parts:
        amounts[unit[0]] += int(number)
    days = "".join(f"{amounts[unit]}{unit.upper()}" for unit in "wd" if amounts[unit])
    time = "".join(f"{amounts[unit]}{unit.upper()}" for unit in "hms" if amounts[unit])
    return f"P{days}{'T' if time else ''}{time}" if days or time else "PT0S"


def duration_words(duration: timedelta) -> str:
    """'2 hours', '1 day 12 hours', '90 seconds'."""
    seconds = int(duration.total_seconds())
    if 0 < seconds < 120:
        return _number(seconds, "second")
    parts = ((86_400, "day"), (3600, "hour"), (60, "minute"), (1, "second"))
    found: list[str] = []
    for size, unit in parts:
        count, seconds = divmod(seconds, size)
        if count:
            found.append(_number(count, unit))
    return " ".join(found) or "no time"


def _number(count: int, unit: str) -> str:
    return f"{count} {unit}" if count == 1 else f"{count} {unit}s"


def parse_moment(text: str, *, zone_required: bool = False) -> datetime:
    """`2026-01-31T09:00:00+01:00` in UTC; without a zone it is UTC, unless one is required.
    Raises ValueError with a message for authors, also for times too far off to be meant."""
    try:
        moment = datetime.fromisoformat(text)
        if zone_required and moment.tzinfo is None:
            raise ValueError
        moment = moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(f"{text[:60]!r} is not a time; write 2026-01-31T09:00:00Z.") from None
    if not 1970 <= moment.year <= 3000:
        raise ValueError("A time lies between the years 1970 and 3000.")
    return moment
