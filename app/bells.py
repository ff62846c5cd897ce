"""Bells: 'queue Q has work', nothing more. What the work is stands in the database, so a bell
that is lost costs a second at most.

The broker stands behind the small interface `Bell`; RQ is the one implementation, and this the
only module that enqueues.
"""

import logging
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Protocol

from app import clock

ASKED = "bells asked for"
RING_SECONDS = 5  # how long one bell stands for all that ring after it
TASK = "workers.tasks.bell"
log = logging.getLogger(__name__)


class Bell(Protocol):
    """How workers are told, at once or at a time to come. Neither method may raise."""

    def ring(self, queue: str) -> None: ...

    def ring_at(self, queue: str, at: datetime) -> None: ...


class NoBell:
    """Workers find the work by looking, which they do each second anyway."""

    def ring(self, queue: str) -> None:
        return

    def ring_at(self, queue: str, at: datetime) -> None:
        return


_bell: Bell = NoBell()


def use(bell: Bell) -> None:
    """Let this process ring through `bell`."""
    global _bell
    _bell = bell


def ask(info: dict[Any, Any], queue: str, at: datetime | None = None) -> None:
    """Remember, in a session's `info`, to ring for a queue once its transaction has committed.
    Times to come are rounded up to the second, so that many jobs share one entry."""
    second = None if at is None else -int(-at.timestamp() // 1)
    info.setdefault(ASKED, set()).add((queue, second))


def ring_asked(info: dict[Any, Any]) -> None:
    """Ring for all that was asked for since the last commit."""
    asked: Iterable[tuple[str, int | None]] = info.pop(ASKED, ())
    for queue, second in asked:
        if second is None or second <= clock.now().timestamp():
            _bell.ring(queue)
        else:
            _bell.ring_at(queue, datetime.fromtimestamp(second, clock.now().tzinfo))
