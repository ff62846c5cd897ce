"""Keeps a worker process's promises to the database: its leases, its sign of life, and the return
of what others can't keep. Lives as long as the process."""

import logging
import os
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from sqlalchemy.exc import DBAPIError

from app import clock, transaction
from app.domain import claims, losses, processes
from workers import failpoints, lifelines

if TYPE_CHECKING:
    from workers.runner import Runner

LOOK_EVERY = 1.0
log = logging.getLogger(__name__)


class Keeper:
    """A thread that renews and reports every third of a lease, and looks each second for what is
    to be given back."""

    def __init__(self, runner: "Runner") -> None:
        self._runner = runner
        self._lease = float(runner.settings.lease_seconds)
        self._every = min(self._lease / 3, 5.0)
        self._renewed_at = clock.monotonic()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="keeper", daemon=True)
        # Set when a job that took down workers is due and must have a process to itself.
        self.someone_wants_to_be_alone = False

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._ended.set()
        self._thread.join(timeout=1)

    def _run(self) -> None:
        with self._runner.app.app_context():
            while True:
                self._end_if_broken()
                self._guarded(self._renew)
                self._guarded(self._runner.say_alive)
                if self._look_until(clock.monotonic() + self._every):
                    self._guarded(self._say_gone)
                    return

    def _look_until(self, then: float) -> bool:
        """Look each second for what others lost; says whether this process ends meanwhile."""
        while True:
            self._guarded(self._give_back)
            left = then - clock.monotonic()
            if left <= 0 or self._ended.wait(min(left, LOOK_EVERY)):
                return self._ended.is_set()

    def _end_if_broken(self) -> None:
        """Half a worker would look alive and do nothing. Its leases run out; it is restarted."""
        if not self._runner.is_whole() and not self._runner.stopping.is_set():
            log.critical("A thread of this worker is gone; ending the process")
            os._exit(70)  # EX_SOFTWARE

    def _guarded(self, duty: Callable[[], object]) -> None:
        try:
            duty()
        except DBAPIError as error:
            log.warning("The database does not answer: %s", str(error.orig)[:200])
            self._close_what_cannot_be_kept()
        except Exception:
            log.exception("The keeper stumbled")

    def _renew(self) -> None:
        """Extend all leases. Attempts whose lease is gone are cut: their result would be fenced."""
        runner = self._runner
        held = runner.crew.held()
        if not held:
            self._renewed_at = clock.monotonic()
            return
        with transaction.writing(durable=False) as session:
            kept = claims.renew(session.connection(), held, self._lease)
        failpoints.crash_at(failpoints.RENEWAL)
        self._renewed_at = clock.monotonic()
        lost = {claim.lease_token for claim in held if claim.id not in kept}
        lost_ids = {claim.id for claim in held} - kept
        runner.crew.cancel(lambda c: c.id in lost_ids and c.lease_token in lost)

    def _close_what_cannot_be_kept(self) -> None:
        if clock.monotonic() - self._renewed_at > self._lease * 2 / 3:
            self._runner.crew.cancel_all()

    def _give_back(self) -> None:
        runner = self._runner
        dead = lifelines.dead(runner.settings)
        runner.lifeline.touch()
        with transaction.reading() as session:
            overdue = claims.expired(session.connection(), dead, limit=1)
            alone = claims.alone_is_due(session.connection(), runner.queue)
        if overdue:
            with transaction.writing() as session:
                losses.give_back_expired(session, runner.settings.poison_after, dead)
        # Not only if so: somebody else may have taken it while this process emptied its hands.
        self.someone_wants_to_be_alone = alone
        if alone or overdue:
            runner.wake()

    def _say_gone(self) -> None:
        with transaction.writing() as session:
            processes.say_gone(session, self._runner.name)
