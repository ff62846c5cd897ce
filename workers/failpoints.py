"""Points at which a test has this process killed, as kill -9 would: `RUNSHEET_CRASH_AT=point[:n]`.

Only with `RUNSHEET_TESTING=1`; otherwise the wish is refused with a warning. `n` says at which
passing of the point (the first, if it is left out). Without the wish a point costs one look at
an empty variable.
"""

import logging
import os
import signal
import threading
from collections.abc import Iterable, Mapping

CLAIM = "claim"  # leases are in the database, nobody has begun
AFTER_SEND = "after-send"  # the receiver has answered, nobody knows
BEFORE_COMMIT = "before-commit"  # results are written and not committed
AFTER_COMMIT = "after-commit"  # results are committed, this process has not heard of it
RENEWAL = "renewal"  # leases were just extended
BEFORE_FIRE = "before-fire"  # fires and their instances are written and not committed
AFTER_FIRE = "after-fire"  # they are committed, nobody has rung for their steps
POINTS = (CLAIM, AFTER_SEND, BEFORE_COMMIT, AFTER_COMMIT, RENEWAL, BEFORE_FIRE, AFTER_FIRE)
log = logging.getLogger(__name__)


def armed_by(environ: Mapping[str, str]) -> tuple[str, int] | None:
    """The point that the environment names, and at which passing; None if there is none."""
    wish = environ.get("RUNSHEET_CRASH_AT", "")
    if not wish:
        return None
    point, _, nth = wish.partition(":")
    if environ.get("RUNSHEET_TESTING") != "1":
        log.warning("RUNSHEET_CRASH_AT is for tests alone (RUNSHEET_TESTING=1); it is ignored")
        return None
    if point not in POINTS or not (nth or "1").isdecimal():
        raise ValueError(f"RUNSHEET_CRASH_AT={wish!r}: one of {', '.join(POINTS)}, then :n")
    return point, int(nth or 1)


_armed = armed_by(os.environ)
_passings = 0
_lock = threading.Lock()


def crash_at(point: str, matters: Iterable[object] = (True,)) -> None:
    """Die here, if this is the point and this its n-th passing. Passings at which nothing of
    `matters` is true do not count."""
    if _armed is not None and _armed[0] == point and any(matters):
        _pass(_armed[1])


def _pass(nth: int) -> None:
    global _passings
    with _lock:
        _passings += 1
        if _passings == nth:
            os.kill(os.getpid(), signal.SIGKILL)
