"""How many requests somebody made in this minute, counted in Redis for all web processes together.

One exchange per request. While Redis is away nobody is counted and everybody let in: it takes a
tenth of a second at most, and is not tried again for a few seconds.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from app import clock
from app.config import Settings

if TYPE_CHECKING:
    from redis import Redis

WINDOW = 60  # seconds
TIMEOUT = 0.05  # seconds for connecting, and again for the exchange
SILENT_SECONDS = 5.0
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Count:
    """`number`: requests in this window, the present one too; `ends_in`: seconds to its end."""

    number: int
    ends_in: int


class RequestCounts:
    """The counts, as one process sees them."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._silent_until = 0.0
        self._connection: Redis | None = None

    def count(self, who: str) -> Count | None:
        """Count a request of somebody; None: Redis is away."""
        return self._asked(self._count, who)

    def look(self, who: str) -> Count | None:
        """How many requests of somebody were counted; None: Redis is away."""
        return self._asked(self._look, who)

    def _asked(self, ask: Callable[[str], int], who: str) -> Count | None:
        if clock.monotonic() < self._silent_until:
            return None
        window, gone = divmod(int(clock.now().timestamp()), WINDOW)
        try:
            number = ask(f"rate:{who}:{window}")
        except Exception as error:  # noqa: BLE001 - whatever it is, requests are answered
            self._silent_until = clock.monotonic() + SILENT_SECONDS
            log.warning("The rate of requests could not be counted: %s", error)
            return None
        return Count(number, WINDOW - gone)

    def _count(self, key: str) -> int:
        both = self._redis().pipeline(transaction=False)
        both.incr(key)
        both.expire(key, 2 * WINDOW)
        return both.execute()[0]

    def _look(self, key: str) -> int:
        found: Any = self._redis().get(key)
        return int(found or 0)

    def _redis(self) -> "Redis":
        if self._connection is None:
            from app.redis_client import connect

            self._connection = connect(self._settings, timeout=TIMEOUT)
        return self._connection
