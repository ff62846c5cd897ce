"""The next times of a rule as pages show them: in UTC, by the clock on the wall of its zone, and
where clocks change in between."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from app.domain.wall_time import zone_of


@dataclass(frozen=True, slots=True)
class Run:
    """One time to come. `change`: what clocks do between the one before it (or now) and it."""

    at: datetime
    wall: str
    change: str | None


def coming(times: Sequence[datetime], timezone: str, now: datetime) -> list[Run]:
    """`times` are those of a rule whose zone is known."""
    zone = zone_of(timezone)
    return [
        Run(at, _wall(at, zone), _change(before, at, zone))
        for before, at in zip([now, *times], times, strict=False)
    ]


def _wall(at: datetime, zone: ZoneInfo) -> str:
    local = at.astimezone(zone)
    clock = f"{local:%H:%M:%S}" if local.second else f"{local:%H:%M}"
    return f"{local:%a} {local.day} {local:%b %Y}, {clock} {local:%Z}"


def _change(before: datetime, at: datetime, zone: ZoneInfo) -> str | None:
    by = _offset(at, zone) - _offset(before, zone)
    if not by:
        return None
    minutes = int(abs(by).total_seconds() // 60)
    how_far = f"{minutes // 60} h" if minutes % 60 == 0 else f"{minutes} min"
    return f"clocks go {'forward' if by > timedelta(0) else 'back'} {how_far} before this"


def _offset(at: datetime, zone: ZoneInfo) -> timedelta:
    return at.astimezone(zone).utcoffset() or timedelta(0)
