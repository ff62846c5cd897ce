"""ISO 8601 durations of fixed length: weeks, days, hours, minutes, seconds."""

import re
from datetime import timedelta

_DURATION = re.compile(
    r"P(?:(?P<weeks>\d{1,4})W)?(?:(?P<days>\d{1,5})D)?"
    r"(?:T(?:(?P<hours>\d{1,6})H)?(?:(?P<minutes>\d{1,7})M)?(?:(?P<seconds>\d{1,9})S)?)?",
    re.ASCII,
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
