"""Waiting for something to become true, without guessing how long that takes."""

import threading
import time
from collections.abc import Callable


def eventually(true: Callable[[], object], within: float = 10) -> bool:
    """True as soon as `true()` is; False when that does not happen in time."""
    deadline = time.monotonic() + within
    pause = threading.Event()
    while not true():
        if time.monotonic() > deadline:
            return False
        pause.wait(0.02)
    return True
