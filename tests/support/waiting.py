"""Waiting for what other processes bring about, with a deadline and a reason."""

import threading
from collections.abc import Callable
from typing import TypeVar

from app.clock import monotonic

T = TypeVar("T")


def wait_until(
    what: Callable[[], T], *, seconds: float = 30.0, every: float = 0.05, why: str = ""
) -> T:
    """Ask until the answer is true; returns it. Fails with `why` and the last answer."""
    pause = threading.Event()
    until = monotonic() + seconds
    while True:
        answer = what()
        if answer:
            return answer
        assert monotonic() < until, f"not within {seconds} s: {why or what} (last: {answer!r})"
        pause.wait(every)
