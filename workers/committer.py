"""The one thread of a worker process that writes results, in groups as they come."""

import logging
import queue
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace

from flask import Flask
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

from app import clock, transaction
from app.domain import attempts
from app.domain.outcomes import Outcome
from app.domain.reports import Report
from workers import failpoints

GATHER = 0.02  # seconds a result waits for company at most
LARGEST = 256  # reports in a group
RETRY_EVERY = 0.5  # seconds between tries while the database is away
_AWAY = (OperationalError, InterfaceError)
log = logging.getLogger(__name__)


UNWRITABLE = "Runsheet could not write down what came of it; see the worker's log."


class DatabaseAway(Exception):
    """The database does not answer; it may again."""


class Committer:
    """Takes reports from any thread; tells `on_written` which ends are dealt with."""

    def __init__(self, app: Flask, on_written: Callable[[list[Report]], None]) -> None:
        self._app = app
        self._on_written = on_written
        self._reports: queue.SimpleQueue[Report | None] = queue.SimpleQueue()
        self._open = 0  # attempts that began and whose end has not come in yet
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="committer", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def put(self, report: Report) -> None:
        """Have a report written."""
        self._reports.put(report)

    def is_alive(self) -> bool:
        return self._thread.is_alive()

    def stop(self, timeout: float) -> None:
        """Write what is there and end."""
        self._stopped.set()
        self._reports.put(None)
        self._thread.join(timeout)

    def _run(self) -> None:
        with self._app.app_context():
            ended = False
            while not ended:
                group, ended = self._gather()
                try:
                    self._write(group)
                except Exception:
                    log.exception("The committer stumbled")

    def _gather(self) -> tuple[list[Report], bool]:
        """A group of reports, and whether it is the last. Waits for company only while some
        attempt is still under way: otherwise nothing more can come."""
        group: list[Report] = []
        report = self._reports.get()
        until = clock.monotonic() + GATHER
        while report is not None:
            group.append(report)
            self._open += 1 if report.outcome is None else -1
            left = until - clock.monotonic()
            try:
                if self._open > 0 and left > 0 and len(group) < LARGEST:
                    report = self._reports.get(timeout=left)
                else:
                    report = self._reports.get_nowait() if len(group) < LARGEST else None
            except queue.Empty:
                return group, False
            if len(group) >= LARGEST and report is None:
                return group, False
        return group, True

    def _write(self, group: Sequence[Report]) -> None:
        try:
            self._settle_or_split(group)
        finally:
            for report in group:
                if report.written is not None:
                    report.written.set()
            self._on_written([report for report in group if report.outcome is not None])

    def _settle_or_split(self, group: Sequence[Report], *, again: bool = False) -> None:
        """Write a group. While the database is away it is kept and tried again; once its leases
        have run out it would be fenced, so there is no use in keeping it longer. If it can't be
        written at all, each is tried alone, so that a bad one takes no other with it."""
        until = clock.monotonic() + self._app.config["SETTINGS"].lease_seconds
        while True:
            try:
                self._settle(group, again=again)
            except DatabaseAway as error:
                if clock.monotonic() > until or self._stopped.wait(RETRY_EVERY):
                    log.error("%d results were not written: %s", len(group), error)
                    return
                again = True
            except Exception:
                log.exception("%d results could not be written", len(group))
                self._split(group, again=again)
                return
            else:
                return

    def _split(self, group: Sequence[Report], *, again: bool) -> None:
        if len(group) > 1:
            for report in group:
                self._settle_or_split([report], again=again)
        elif group[0].outcome is not None and group[0].outcome.error != UNWRITABLE:
            # It happened, and can't be said. To try again would be to do it again.
            failed = Outcome(verdict="failed", error=UNWRITABLE)
            self._settle_or_split([replace(group[0], outcome=failed)], again=again)

    def _settle(self, group: Sequence[Report], *, again: bool) -> None:
        try:
            with transaction.writing() as session:
                attempts.settle(session, group, again=again)
                failpoints.crash_at(failpoints.BEFORE_COMMIT, (r.outcome for r in group))
            failpoints.crash_at(failpoints.AFTER_COMMIT, (r.outcome for r in group))
        except DBAPIError as error:
            # Other errors of the driver (a constraint, a type) are ours and won't pass with time.
            if not (error.connection_invalidated or isinstance(error, _AWAY)):
                raise
            raise DatabaseAway(str(error.orig)[:200]) from error
