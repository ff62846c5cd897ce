"""Times of the day in plain words: 'at 09:00', 'every 15 minutes from 09:00 to 17:45'."""

from collections.abc import Iterable
from datetime import time, timedelta
from itertools import pairwise

from app.schemas.durations import duration_words

_MOST = 4  # of a list that can still be read
_DAY, _HOUR = 86_400, 3600


def words(times: Iterable[time], *, in_real_time: bool = False) -> str | None:
    """'at 09:00 and 17:00'; None: no words that are both right and short. `in_real_time`: they go
    on evenly where clocks change, rather than by the clock on the wall."""
    seconds = sorted(at.hour * _HOUR + at.minute * 60 + at.second for at in times)
    if not seconds:
        return None
    if len(seconds) <= _MOST:
        return f"at {_and([_clock(second) for second in seconds])}"
    steps = {b - a for a, b in pairwise(seconds)}
    if len(steps) == 1:
        return _evenly(seconds, steps.pop(), in_real_time)
    return _past_each_hour(seconds) if in_real_time else None


def every(seconds: int) -> str:
    """'every minute', 'every 15 minutes', 'every 36 hours'."""
    said = duration_words(timedelta(seconds=seconds))
    # Up to two days in hours: 'every 1 day 12 hours' would need thought.
    if seconds % _HOUR == 0 and _DAY < seconds < 2 * _DAY:
        said = f"{seconds // _HOUR} hours"
    if seconds == 60:
        said = "minute"
    return f"every {said.removeprefix('1 ') if said.count(' ') == 1 else said}"


def _evenly(seconds: list[int], step: int, in_real_time: bool) -> str:
    whole_day = in_real_time and len(seconds) * step == _DAY
    if whole_day and seconds[0] == 0:
        return every(step)
    if whole_day and step == _HOUR and seconds[0] % 60 == 0:
        return f"at {seconds[0] // 60} minutes past every hour"
    return f"{every(step)} from {_clock(seconds[0])} to {_clock(seconds[-1])}"


def _past_each_hour(seconds: list[int]) -> str | None:
    minutes = sorted({second % _HOUR for second in seconds})
    if len(minutes) > _MOST or len(seconds) != 24 * len(minutes) or any(m % 60 for m in minutes):
        return None
    return f"at {_and([str(minute // 60) for minute in minutes])} minutes past every hour"


def _clock(second: int) -> str:
    text = f"{second // _HOUR:02}:{second // 60 % 60:02}"
    return f"{text}:{second % 60:02}" if second % 60 else text


def _and(parts: list[str]) -> str:
    return f"{', '.join(parts[:-1])} and {parts[-1]}" if parts[1:] else parts[0]
