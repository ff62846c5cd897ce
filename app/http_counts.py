"""Requests, counted where they are answered: in memory first, since a page that only reads must not
wait to write, and into the database every few seconds: when an answer has gone out, by a thread of
the server's (gunicorn.conf.py) when no more requests come, and when it ends."""

import logging
import threading
from collections.abc import Mapping

from flask import Flask, Response, current_app, g, request
from sqlalchemy.exc import SQLAlchemyError

from app import clock, transaction
from app.domain import tallies
from app.domain.tallies import Counts, Key

EVERY = 10.0  # seconds
_NAME = "http_counts"
log = logging.getLogger(__name__)


class HttpCounts:
    """What this process has counted and not yet written."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counted = Counts(float)
        self._written_at = clock.monotonic()

    def note(self, counts: Mapping[Key, float]) -> bool:
        """Add counts; returns whether it is time to write."""
        with self._lock:
            for key, value in counts.items():
                self._counted[key] += value
            return clock.monotonic() - self._written_at > EVERY

    def write(self) -> None:
        """Write all. While the database is away they are kept."""
        with self._lock:
            taken, self._counted = self._counted, Counts(float)
            self._written_at = clock.monotonic()
        if not taken:
            return
        try:
            # A count may be lost with the power: nobody waits for the disk.
            with transaction.writing(durable=False) as session:
                tallies.add_all(session.connection(), taken)
        except SQLAlchemyError as error:
            log.warning("Requests could not be counted yet: %s", error)
            self.note(taken)


def here() -> HttpCounts:
    """The counts of this process."""
    return current_app.extensions[_NAME]


def register(app: Flask) -> None:
    """Count the requests that this application answers."""
    counts = app.extensions[_NAME] = HttpCounts()

    @app.before_request
    def _begin() -> None:
        g.began_at = clock.monotonic()

    @app.after_request
    def _count(response: Response) -> Response:
        if request.endpoint != "static" and counts.note(_counts_of(response)):
            response.call_on_close(lambda: write_now(app))
        return response


def write_now(app: Flask) -> None:
    """Write what this application has counted."""
    counts: HttpCounts | None = app.extensions.get(_NAME)  # none while settings are missing
    if counts is not None:
        with app.app_context():
            counts.write()


def keep_writing(app: Flask) -> threading.Event:
    """Write every few seconds, in a thread, until the event that is returned is set."""
    ends = threading.Event()

    def run() -> None:
        while not ends.wait(EVERY):
            write_now(app)

    threading.Thread(target=run, name="http-counts", daemon=True).start()
    return ends


def _counts_of(response: Response) -> dict[Key, float]:
    noun = request.blueprint or "none"
    door = "api" if noun.startswith("api_") else "web"
    labels = {
        "door": door,
        "noun": noun.removeprefix("api_"),
        "method": request.method if request.method in ("GET", "POST") else "other",
        "status": f"{response.status_code // 100}xx",
    }
    took = clock.monotonic() - g.get("began_at", clock.monotonic())
    return {
        ("http_requests_total", tallies.text_of(labels)): 1,
        **dict(tallies.timed("http_request_seconds", {"door": door}, took)),
    }
