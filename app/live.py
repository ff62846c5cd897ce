"""Server-sent events: streams that follow an instance, for both doors.

A stream holds no session while it waits for the reader of its process (`app/live_reader.py`) to
wake it. It ends when its client may no longer look, after ten minutes (the client comes again
with Last-Event-ID), and with the server.
"""

import logging
import select
import signal
import socket
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
LOOK_UP_SECONDS = 1.0  # how soon the place of a client that has gone is free again
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
        after = _last_seen(after)
        flow = _Stream(reader, instance_id, after, render, still_allowed, _client())
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
    """What the client knows. An id that is none of ours counts as none: an empty one is how a
    client says that it has seen nothing (HTML standard, 9.2.4)."""
    last = request.headers.get("Last-Event-ID", "")
    return int(last) if last.isascii() and last.isdigit() and len(last) <= 10 else after


@dataclass(slots=True)
class _Stream:
    """One client that follows one instance."""

    reader: Reader
    instance_id: int
    after: int
    render: Render
    still_allowed: Callable[[], bool]
    client: socket.socket | None

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
        while clock.monotonic() < ends and not self._is_over():
            news = self._news(app)
            if news is None:
                return
            yield from news
            if news:
                quiet_since = clock.monotonic()
            elif clock.monotonic() - quiet_since >= HEARTBEAT_SECONDS:
                quiet_since = clock.monotonic()
                yield ": still here\n\n"
            self._wait()

    def _wait(self) -> None:
        """Until there is news, or it is time to ask whether the client may still look."""
        until = clock.monotonic() + ASK_SECONDS
        while clock.monotonic() < until and not self._is_over():
            if self.reader.newest(self.instance_id) > self.after:
                return
            self.reader.wait(self.instance_id, self.after, min(LOOK_UP_SECONDS, ASK_SECONDS))

    def _is_over(self) -> bool:
        return self.reader.server_is_ending or _has_hung_up(self.client)

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


def _client() -> socket.socket | None:
    """The connection, where the server shows it (gunicorn and werkzeug do)."""
    found = request.environ.get("gunicorn.socket") or request.environ.get("werkzeug.socket")
    return found if isinstance(found, socket.socket) else None


def _has_hung_up(client: socket.socket | None) -> bool:
    """Whether the client has gone. A server learns that only from its second write, a heartbeat
    or two later, while somebody who opens one page after the other takes place after place."""
    if client is None:
        return False
    try:
        readable, _, _ = select.select([client], [], [], 0)
        return bool(readable) and not client.recv(1, socket.MSG_PEEK)
    except ValueError:  # too many files for select, or TLS, which can't peek
        return False
    except OSError:
        return True


def _app() -> Flask:
    return current_app._get_current_object()  # type: ignore[attr-defined]


def _reader() -> Reader:
    app = _app()
    if EXTENSION not in app.extensions:
        places = app.config["SETTINGS"].web_threads // 2
        app.extensions.setdefault(EXTENSION, Reader(db.engine, places))
    return app.extensions[EXTENSION]
