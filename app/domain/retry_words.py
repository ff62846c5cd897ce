"""When a failed attempt is tried again, in plain words."""

from datetime import timedelta

from app.domain.retries import wait_before_next
from app.schemas.durations import duration_words
from app.schemas.retry import Retry

_NAMED = 3


def describe(retry: Retry) -> str:
    """'Up to 10 tries: again after 5 seconds, 5 minutes, 30 minutes … the last after 1 day; in all
    3 days 3 hours.'"""
    if retry.allowed == 1:
        return "It is tried once."
    waits = [_wait(retry, failed) for failed in range(1, retry.allowed)]
    named = ", ".join(duration_words(wait) for wait in waits[:_NAMED])
    if len(waits) > _NAMED:
        named += f" … the last after {duration_words(waits[-1])}"
    whole = duration_words(sum(waits, timedelta(0)))
    about = "" if isinstance(retry.schedule, list) else " Each wait varies by a fifth."
    return f"Up to {retry.allowed} tries: again after {named}; in all {whole}.{about}"


def _wait(retry: Retry, failed: int) -> timedelta:
    return timedelta(seconds=wait_before_next(retry, failed, spread=lambda: 0.5))
