"""Whether Redis and the database answer, as this web process knows. Asking holds no page up."""

import logging
import threading
from collections.abc import Callable
from datetime import datetime

from flask import Flask, current_app

from app import clock
from app.config import Settings

ASK_EVERY = 5.0  # seconds between two looks at Redis
ANSWER_WITHIN = 0.5  # seconds; more than that, and it does not answer
FIRST_LOOK = 0.1  # seconds a page waits for the very first look, and for no other
EXTENSION = "runsheet-watch"
log = logging.getLogger(__name__)


class Watch:
    """What is known of Redis and the database. Redis is asked in a thread of its own, when
    somebody wants to know and it has not been asked for 5 s."""

    def __init__(self, ping: Callable[[], object]) -> None:
        """`ping` asks Redis; it raises, or takes too long, when Redis is away."""
        self.redis_away_since: datetime | None = None
        self.database_away_since: datetime | None = None
        self._ping = ping
        self._lock = threading.Lock()
        self._asked = threading.Event()
        self._asking_since: float | None = None
        self._next = float("-inf")

    def look_at_redis(self) -> datetime | None:
        """Since when Redis has not answered; None: it answers."""
        self._ask_if_due()
        self._asked.wait(FIRST_LOOK)
        asking = self._asking_since
        if asking is not None and clock.monotonic() - asking > 2 * ANSWER_WITHIN:
            self._note(answered=False)  # not even a refusal: a name that is not looked up, say
        return self.redis_away_since

    def database_failed(self) -> datetime:
        """Note that the database did not answer; returns since when."""
        self.database_away_since = self.database_away_since or clock.now()
        return self.database_away_since

    def database_answered(self) -> None:
        self.database_away_since = None

    def _ask_if_due(self) -> None:
        with self._lock:
            if self._asking_since is not None or clock.monotonic() < self._next:
                return
            self._asking_since = clock.monotonic()
        threading.Thread(target=self._ask, name="watch-redis", daemon=True).start()

    def _ask(self) -> None:
        try:
            self._ping()
            self._note(answered=True)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is no answer
            log.debug("Redis does not answer: %s", error)
            self._note(answered=False)
        finally:
            with self._lock:
                self._next = clock.monotonic() + ASK_EVERY
                self._asking_since = None
            self._asked.set()

    def _note(self, *, answered: bool) -> None:
        since = self.redis_away_since or clock.now()
        self.redis_away_since = None if answered else since


def register(app: Flask) -> None:
    settings: Settings = app.config["SETTINGS"]

    def ping() -> None:
        from app.redis_client import connect

        with connect(settings, timeout=ANSWER_WITHIN) as client:
            client.ping()

    app.extensions[EXTENSION] = Watch(ping)


def here() -> Watch:
    """The watch of this process's application."""
    return current_app.extensions[EXTENSION]
