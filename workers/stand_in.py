"""Does the tick's chores when no scheduler does.

Leases and due work are every worker's own concern (keeper, runner). The rest of what recurs is the
scheduler's; if it has been silent for a while, the eldest of the workers takes its place until it
is back. Two that take themselves for the eldest do the chores twice, which is harmless: they are
the same transactions that two schedulers would do.
"""

import logging
import threading
from typing import TYPE_CHECKING

from sqlalchemy.exc import DBAPIError

from app import clock, transaction
from app.domain import processes
from workers import chores, fires

if TYPE_CHECKING:
    from workers.runner import Runner

EVERY = 5.0  # seconds between ticks
PATIENCE = 15.0  # seconds without a scheduler until somebody stands in
log = logging.getLogger(__name__)


class StandIn:
    """A thread of its own, since a chore may take longer than a lease may wait to be renewed."""

    def __init__(self, runner: "Runner") -> None:
        self._runner = runner
        self._seen_at = clock.monotonic()  # when a scheduler was last there
        self._stands_in = False
        self._wait = EVERY
        self._ticked_at = float("-inf")
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="stand-in", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._ended.set()

    def _run(self) -> None:
        with self._runner.app.app_context():
            while not self._ended.wait(self._wait):
                try:
                    self._turn()
                except DBAPIError as error:
                    log.warning("The database does not answer: %s", str(error.orig)[:200])
                except Exception:
                    log.exception("The stand-in stumbled")

    def _turn(self) -> None:
        needed = self._is_needed()
        if needed != self._stands_in:
            log.warning("No scheduler ticks; standing in" if needed else "No longer standing in")
            self._stands_in = needed
        if needed and clock.monotonic() - self._ticked_at >= EVERY:
            self._ticked_at = clock.monotonic()
            chores.tick()
        self._wait = fires.fire_due() if needed else EVERY

    def _is_needed(self) -> bool:
        with transaction.reading() as session:
            if processes.scheduler_is_there(session):
                self._seen_at = clock.monotonic()
                return False
            if clock.monotonic() - self._seen_at < PATIENCE:
                return False
            return processes.eldest_worker(session) == self._runner.name
