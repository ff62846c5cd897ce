"""One thread per web process that looks for new events, for all live streams together."""

import logging
import threading
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import ClassVar

from sqlalchemy import Engine, select
from sqlalchemy.exc import SQLAlchemyError

from app import clock
from app.errors import Unavailable
from app.models import WorkflowInstance

LOOK_SECONDS = 0.5
IDLE_SECONDS = 60.0  # the thread ends when nothing was watched for so long
log = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class Reader:
    """Knows the newest event of each instance that somebody follows. Twice a second it asks for
    those that are watched, in one query, and wakes the streams if there is news."""

    server_is_ending: ClassVar[bool] = False  # set by a signal handler
    engine: Engine
    places: int
    _changed: threading.Condition = field(default_factory=threading.Condition)
    _watched: Counter[int] = field(default_factory=Counter[int])
    _newest: dict[int, int] = field(default_factory=dict[int, int])
    _taken: int = 0
    _runs: bool = False

    def take_place(self) -> None:
        """One more stream. Raises Unavailable when there is no room for it."""
        with self._changed:
            if self._taken >= self.places or self.server_is_ending:
                raise Unavailable("All places for live streams are taken. Ask again instead.")
            self._taken += 1

    def leave_place(self) -> None:
        with self._changed:
            self._taken -= 1

    @contextmanager
    def watching(self, instance_id: int) -> Generator[None]:
        """Look for this instance's events while the block runs."""
        self._watch(instance_id)
        try:
            self._look([instance_id])
            yield
        finally:
            self._unwatch(instance_id)

    def newest(self, instance_id: int) -> int:
        """The number of the instance's newest event, as last seen."""
        with self._changed:
            return self._newest.get(instance_id, 0)

    def wait(self, instance_id: int, after: int, seconds: float) -> None:
        """Until the instance has events after `after`, the server ends, or time is up."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._newest.get(instance_id, 0) > after or self.server_is_ending, seconds
            )

    def _watch(self, instance_id: int) -> None:
        with self._changed:
            self._watched[instance_id] += 1
            if not self._runs:
                self._runs = True
                threading.Thread(target=self._run, name="live-reader", daemon=True).start()

    def _unwatch(self, instance_id: int) -> None:
        with self._changed:
            self._watched[instance_id] -= 1
            if self._watched[instance_id] <= 0:
                del self._watched[instance_id]
                self._newest.pop(instance_id, None)

    def _run(self) -> None:
        idle_since = clock.monotonic()
        pause = threading.Event()
        while not self.server_is_ending:
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
            seen = {each.id: each.event_seq for each in found}
        with self._changed:
            # Never backwards: two looks may end in the other order than they began.
            news = {
                instance_id: seq
                for instance_id, seq in seen.items()
                if self._watched[instance_id] and seq > self._newest.get(instance_id, 0)
            }
            self._newest |= news
            if news:
                self._changed.notify_all()
