"""Server-sent events: streams that follow an instance, for both doors.

One reader per web process asks twice a second which of the watched instances have new events and
wakes their streams. A stream holds no session while it waits. It ends when its reader may no
longer look, after ten minutes (the client comes again with Last-Event-ID), and with the server.
"""

import logging
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask import Flask, Response, current_app, request
from sqlalchemy import Engine, select
from sqlalchemy.exc import SQLAlchemyError

from app import clock
from app.errors import Unavailable
from app.extensions import db
from app.models import WorkflowInstance

LOOK_SECONDS = 0.5
ASK_SECONDS = 5.0  # how long a stream may outlive the permission to read it
HEARTBEAT_SECONDS = 15.0
LONGEST_SECONDS = 600.0
IDLE_SECONDS = 60.0  # the reader ends when nothing was watched for so long
RECONNECT_MS = 2000
EXTENSION = "runsheet-live"
log = logging.getLogger(__name__)

_server_is_ending = False


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
    """Let streams end when gunicorn's worker is told to; it waits for its threads otherwise."""
    if threading.current_thread() is not threading.main_thread():
        return
    for number in (signal.SIGTERM, signal.SIGQUIT, signal.SIGINT):
        handler = signal.getsignal(number)
        if getattr(handler, "__module__", "").startswith("gunicorn."):
            signal.signal(number, _ending_before(handler))


def _ending_before(handler: Any) -> Callable[[int, Any], None]:
    def handle(number: int, frame: Any) -> None:
        # Only a flag: a signal handler that waits for a lock may wait for itself.
        global _server_is_ending
        _server_is_ending = True
        handler(number, frame)

    return handle


def _last_seen(after: int) -> int:
    last = request.headers.get("Last-Event-ID", "")
    return int(last) if last.isascii() and last.isdigit() and len(last) <= 18 else after


def _app() -> Flask:
    return current_app._get_current_object()  # type: ignore[attr-defined]


@dataclass(slots=True)
class _Stream:
    """One client that follows one instance."""

    reader: "Reader"
    instance_id: int
    after: int
    render: Render
    still_allowed: Callable[[], bool]

    def run(self, app: Flask) -> Iterator[str]:
        with self.reader.watching(self.instance_id):
            yield f"retry: {RECONNECT_MS}\n\n"
            ends = clock.monotonic() + LONGEST_SECONDS
            quiet_since = clock.monotonic()
            while clock.monotonic() < ends and not _server_is_ending:
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


@dataclass(slots=True)
class Reader:
    """Knows the newest event of each instance that somebody follows."""

    engine: Engine
    places: int
    _changed: threading.Condition = field(default_factory=threading.Condition)
    _watched: Counter[int] = field(default_factory=Counter[int])
    _newest: dict[int, int] = field(default_factory=dict[int, int])
    _taken: int = 0
    _runs: bool = False

    def take_place(self) -> None:
        with self._changed:
            if self._taken >= self.places or _server_is_ending:
                raise Unavailable("All places for live streams are taken. Ask again instead.")
            self._taken += 1

    def leave_place(self) -> None:
        with self._changed:
            self._taken -= 1

    def watching(self, instance_id: int) -> "_Watching":
        return _Watching(self, instance_id)

    def newest(self, instance_id: int) -> int:
        with self._changed:
            return self._newest.get(instance_id, 0)

    def wait(self, instance_id: int, after: int, seconds: float) -> None:
        """Until the instance has events after `after`, the server ends, or time is up."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._newest.get(instance_id, 0) > after or _server_is_ending, seconds
            )

    def watch(self, instance_id: int) -> None:
        self._look([instance_id])
        with self._changed:
            self._watched[instance_id] += 1
            if not self._runs:
                self._runs = True
                threading.Thread(target=self._run, name="live-reader", daemon=True).start()

    def unwatch(self, instance_id: int) -> None:
        with self._changed:
            self._watched[instance_id] -= 1
            if self._watched[instance_id] <= 0:
                del self._watched[instance_id]
                self._newest.pop(instance_id, None)

    def _run(self) -> None:
        idle_since = clock.monotonic()
        pause = threading.Event()
        while not _server_is_ending:
            pause.wait(LOOK_SECONDS)
            with self._changed:
                watched = list(self._watched)
                if watched:
                    idle_since = clock.monotonic()
                elif clock.monotonic() - idle_since > IDLE_SECONDS:
                    self._runs = False
                    return
            self._look_or_say_why(watched)
        with self._changed:
            self._runs = False
            self._changed.notify_all()

    def _look_or_say_why(self, watched: list[int]) -> None:
        try:
            self._look(watched)
        except SQLAlchemyError as error:  # the database is away; the next look may find it
            log.warning("Live streams could not look for events: %s", error)

    def _look(self, watched: list[int]) -> None:
        if not watched:
            return
        row = WorkflowInstance
        with self.engine.connect() as connection:
            found = connection.execute(select(row.id, row.event_seq).where(row.id.in_(watched)))
            seen = dict(found.tuples().all())
        with self._changed:
            # Never backwards: two looks may end in the other order than they began.
            news = {id: seq for id, seq in seen.items() if seq > self._newest.get(id, 0)}
            self._newest |= news
            if news:
                self._changed.notify_all()


@dataclass(slots=True)
class _Watching:
    reader: Reader
    instance_id: int

    def __enter__(self) -> None:
        self.reader.watch(self.instance_id)

    def __exit__(self, *_: object) -> None:
        self.reader.unwatch(self.instance_id)


def _reader() -> Reader:
    app = _app()
    if EXTENSION not in app.extensions:
        places = app.config["SETTINGS"].web_threads // 2
        app.extensions.setdefault(EXTENSION, Reader(db.engine, places))
    return app.extensions[EXTENSION]
