"""The one thread of a worker process that writes results, in groups as they come."""

import logging
import queue
import threading
from collections.abc import Callable, Sequence

from flask import Flask
from sqlalchemy.exc import InterfaceError, OperationalError

from app import clock, transaction
from app.domain import attempts
from app.domain.attempts import Report

GATHER = 0.02  # seconds a result waits for company at most
LARGEST = 256  # reports in a group
RETRY_EVERY = 0.5  # seconds between tries while the database is away
log = logging.getLogger(__name__)


class DatabaseAway(Exception):
    """The database does not answer; it may again."""


class Committer:
    """Takes reports from any thread; tells `on_written` how many attempts it has ended."""

    def __init__(self, app: Flask, on_written: Callable[[int], None]) -> None:
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
                if group:
                    self._write(group)

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
        """Write a group; if that fails, one by one, so that a bad one takes no other with it."""
        try:
            self._settle(group)
        except DatabaseAway as error:
            self._try_until_leases_end(group, error)
        except Exception:
            log.exception("A group of %d results could not be written", len(group))
            for report in group:
                self._write_alone(report)
        for report in group:
            if report.written is not None:
                report.written.set()
        ended = sum(report.outcome is not None for report in group)
        if ended:
            self._on_written(ended)

    def _settle(self, group: Sequence[Report]) -> None:
        try:
            with transaction.writing() as session:
                attempts.settle(session, group)
        except (OperationalError, InterfaceError) as error:
            # Other errors of the driver (a constraint, a type) are ours and won't pass with time.
            raise DatabaseAway(str(error.orig)[:200]) from error

    def _write_alone(self, report: Report) -> None:
        try:
            self._settle([report])
        except DatabaseAway as error:
            self._try_until_leases_end([report], error)
        except Exception:
            # Its lease will run out, and it is tried again with the same token.
            log.exception("The result of job %s is lost", report.claim.id)

    def _try_until_leases_end(self, group: Sequence[Report], error: DatabaseAway) -> None:
        """While the database is away results are kept. Once a lease has run out its result would
        be fenced, so there is no use in keeping it longer."""
        lease = self._app.config["SETTINGS"].lease_seconds
        until = clock.monotonic() + lease
        log.warning("Results wait for the database: %s", error)
        while clock.monotonic() < until:
            self._stopped.wait(RETRY_EVERY)
            try:
                self._settle(group)
            except DatabaseAway:
                if self._stopped.is_set():
                    return
                continue
            return
        log.error("%d results were not written before their leases ended", len(group))
