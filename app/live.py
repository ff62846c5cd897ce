"""Server-sent events: streams that follow an instance, for both doors.

A stream holds no session while it waits for the reader of its process (`app/live_reader.py`) to
wake it. It ends when its client may no longer look, after ten minutes (the client comes again
with Last-Event-ID), and with the server.
"""

import logging
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Flask, Response, current_app, request
from sqlalchemy.exc import SQLAlchemyError

from app import clock
from app.extensions import db
from app.live_reader import Reader

ASK_SECONDS = 5.0  # how long a stream may outlive the permission to read it
HEARTBEAT_SECONDS = 15.0
LONGEST_SECONDS = 600.0
RECONNECT_MS = 2000
EXTENSION = "runsheet-live"
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Message:
    """One event of the stream. `data` is text without line breaks."""

    id: int
    event: str
    data: str

    def __str__(self) -> str:
        return f"id: {self.id}\nevent: {self.event}\ndata: {self.data}\n\n"


# Given the last event that was sent and the newest there is, the messages in between. It runs in
# an application context and opens its own transaction, if it reads.
Render = Callable[[int, int], Sequence[Message]]


def stream(
    instance_id: int, after: int, render: Render, still_allowed: Callable[[], bool]
) -> Response:
    """Answer with a stream of what happens to an instance after event `after`; Last-Event-ID
    outranks it. Raises Unavailable when half the server's threads are streaming already."""
    reader = _reader()
    reader.take_place()
    try:
        flow = _Stream(reader, instance_id, _last_seen(after), render, still_allowed)
        response = Response(flow.run(_app()), content_type="text/event-stream")
        response.headers.update({"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
    except BaseException:
        reader.leave_place()
        raise
    # Not in the generator: one that never began to run would never end either.
    response.call_on_close(reader.leave_place)
    return response


def end_with_the_server() -> None:
    """Let streams end when gunicorn's worker is told to end: it waits for its threads."""
    if threading.current_thread() is not threading.main_thread():
        return
    for number in (signal.SIGTERM, signal.SIGQUIT, signal.SIGINT):
        handler = signal.getsignal(number)
        if getattr(handler, "__module__", "").startswith("gunicorn."):
            signal.signal(number, _ending_before(handler))


def _ending_before(handler: Any) -> Callable[[int, Any], None]:
    def handle(number: int, frame: Any) -> None:
        # Only a flag: a signal handler that waits for a lock may wait for itself.
        Reader.server_is_ending = True
        handler(number, frame)

    return handle


def _last_seen(after: int) -> int:
    last = request.headers.get("Last-Event-ID", "")
    return int(last) if last.isascii() and last.isdigit() and len(last) < 10 else after


@dataclass(slots=True)
class _Stream:
    """One client that follows one instance."""

    reader: Reader
    instance_id: int
    after: int
    render: Render
    still_allowed: Callable[[], bool]

    def run(self, app: Flask) -> Iterator[str]:
        try:
            with self.reader.watching(self.instance_id):
                yield f"retry: {RECONNECT_MS}\n\n"
                yield from self._follow(app)
        except SQLAlchemyError as error:  # the client comes again, perhaps to a better moment
            log.warning("A live stream ended: %s", error)

    def _follow(self, app: Flask) -> Iterator[str]:
        ends = clock.monotonic() + LONGEST_SECONDS
        quiet_since = clock.monotonic()
        while clock.monotonic() < ends and not self.reader.server_is_ending:
            news = self._news(app)
            if news is None:
                return
            yield from news
            if news:
                quiet_since = clock.monotonic()
            elif clock.monotonic() - quiet_since >= HEARTBEAT_SECONDS:
                quiet_since = clock.monotonic()
                yield ": still here\n\n"
            self.reader.wait(self.instance_id, self.after, ASK_SECONDS)

    def _news(self, app: Flask) -> list[str] | None:
        """What there is to send now; None when there is no more permission to."""
        with app.app_context():
            if not self.still_allowed():
                return None
            newest = self.reader.newest(self.instance_id)
            if newest <= self.after:
                return []
            messages = self.render(self.after, newest)
            self.after = messages[-1].id if messages else newest
            return [str(message) for message in messages]


def _app() -> Flask:
    return current_app._get_current_object()  # type: ignore[attr-defined]


def _reader() -> Reader:
    app = _app()
    if EXTENSION not in app.extensions:
        places = app.config["SETTINGS"].web_threads // 2
        app.extensions.setdefault(EXTENSION, Reader(db.engine, places))
    return app.extensions[EXTENSION]
