"""When a failed attempt is tried again."""

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from app.schemas.retry import STANDARD_WAITS, Retry

JITTER = 0.2
LONGEST_RETRY_AFTER = 86400.0


def wait_before_next(
    retry: Retry,
    failed: int,
    retry_after: float | None = None,
    spread: Callable[[], float] = random.random,
) -> float:
    """Seconds to wait after the `failed`-th attempt (1, 2, …). `Retry-After` never shortens the
    schedule's wait and counts for at most 24 h; `spread` gives 0 to 1 for the ±20 % jitter."""
    wait = _scheduled(retry, failed)
    if not isinstance(retry.schedule, list):
        wait *= 1 - JITTER + 2 * JITTER * spread()
    return max(wait, min(retry_after or 0.0, LONGEST_RETRY_AFTER))


def planned_waits(retry: Retry) -> list[float]:
    """The seconds before the second attempt, the third, and so on, but for the spread."""
    return [_scheduled(retry, failed) for failed in range(1, retry.allowed)]


def _scheduled(retry: Retry, failed: int) -> float:
    if retry.schedule == "exponential":
        # The power is bounded: 2**99 seconds would not fit a float's needs.
        return min(retry.base_seconds * 2 ** min(failed - 1, 40), retry.max_seconds)
    waits = STANDARD_WAITS if retry.schedule == "standard" else retry.schedule
    return float(waits[min(failed, len(waits)) - 1]) if waits else 0.0


def longest_wait(retry: Retry) -> timedelta:
    """How long all waits of a schedule take together, without what receivers ask for."""
    return timedelta(seconds=sum(_scheduled(retry, n) for n in range(1, retry.allowed)))


def read_retry_after(value: str, now: datetime) -> float | None:
    """Seconds from a Retry-After header (RFC 9110, 10.2.3), None if unreadable."""
    text = value.strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:12]), LONGEST_RETRY_AFTER)
    try:
        date = parsedate_to_datetime(text)
    except ValueError:
        return None
    seconds = (date.replace(tzinfo=date.tzinfo or UTC) - now).total_seconds()
    return min(max(seconds, 0.0), LONGEST_RETRY_AFTER)
