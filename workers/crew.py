"""The threads of a worker process, and what they hold. Threads do I/O and nothing else: they get
plain values and give back reports."""

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from app import clock, logs
from app.domain.claims import Claim
from app.domain.outcomes import Outcome, Span
from app.domain.reports import Report
from app.domain.secret_values import SecretValue
from workers import failpoints
from workers.bulkhead import FAST, Bulkhead
from workers.handlers import carry_out
from workers.handlers.base import Tools, Work
from workers.outbound import CancelToken

MOST_PER_THREAD = 8
log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Held:
    work: Work
    since: float  # monotonic: when it was claimed

    @property
    def destination(self) -> str | None:
        return self.work.claim.destination


class Crew:
    """A bounded pool of threads. Threads are started as they are first needed."""

    def __init__(
        self,
        size: int,
        per_host: int,
        tools: Tools,
        worker: str,
        report: Callable[[Report], None],
    ) -> None:
        self._size = size
        self._bulkhead = Bulkhead(per_host)
        self._tools = tools
        self._worker = worker
        self._report = report
        self._lock = threading.Lock()
        self._wanted = threading.Condition(self._lock)
        self._calm = threading.Condition(self._lock)
        self._waiting: deque[_Held] = deque()
        self._running: dict[int, _Held] = {}
        self._all: dict[int, Claim] = {}  # waiting, running, or ended and not yet written
        self._closed = False
        self._threads = 0
        self._idle_threads = 0
        self._mean = FAST * 2  # seconds a job took of late; slow until known better
        self._alone = False

    @property
    def in_flight(self) -> int:
        """How many jobs are held: waiting for a thread, running, or waiting to be written."""
        return len(self._all)

    def held(self) -> list[Claim]:
        """The jobs held now: the ones whose leases are to be renewed."""
        with self._lock:
            return list(self._all.values())

    def room(self) -> int:
        """How many more jobs to claim now: the threads that no slow destination holds, times up to
        eight while jobs are short; 0 while at least half of that is still at hand, so that claims
        come in batches."""
        if self._alone:
            return 0
        with self._lock:
            stuck = self._bulkhead.running_slowly()
        factor = 1 if self._mean > FAST else min(MOST_PER_THREAD, FAST / max(self._mean, 0.001))
        most = int((self._size - stuck) * factor)
        room = most - (self.in_flight - stuck)
        return room if room * 2 >= most or factor == 1 else 0

    def full(self) -> list[str]:
        """Destinations of which no more is to be claimed now."""
        with self._lock:
            return self._bulkhead.full()

    def fitting(self, claims: Iterable[Claim]) -> tuple[list[Claim], list[Claim]]:
        """The claims that may be held, and those that are too many for where they go."""
        with self._lock:
            return self._bulkhead.fitting(claims)

    def add(
        self,
        held: Iterable[Claim],
        contexts: dict[int, dict[str, Any]],
        secrets: Mapping[str, SecretValue],
        *,
        alone: bool,
    ) -> None:
        """Hand claims to the threads."""
        since = clock.monotonic()
        with self._lock:
            self._alone = alone
            for claim in held:
                work = Work(claim, contexts.get(claim.id, {}), CancelToken(), secrets)
                self._waiting.append(_Held(work, since))
                self._all[claim.id] = claim
                self._bulkhead.hold(claim.destination)
            missing = min(len(self._waiting) - self._idle_threads, self._size - self._threads)
            self._threads += max(missing, 0)
            self._wanted.notify(len(self._waiting))
        for _ in range(missing):
            threading.Thread(target=self._thread, name="crew", daemon=True).start()

    def take_unstarted(self, older_than: float = 0.0) -> list[Claim]:
        """Take away the claims that no thread has begun for so many seconds."""
        limit = clock.monotonic() - older_than
        with self._lock:
            old = [held for held in self._waiting if held.since <= limit]
            if old:
                self._waiting = deque(held for held in self._waiting if held.since > limit)
            for held in old:
                self._all.pop(held.work.claim.id, None)
                self._bulkhead.release(held.destination)
                if older_than:
                    self._bulkhead.distrust(held.destination)
            self._settle_down()
        return [held.work.claim for held in old]

    def forget(self, done: Iterable[Claim]) -> None:
        """These have been dealt with: their leases are nobody's concern here any more."""
        with self._lock:
            for claim in done:
                self._all.pop(claim.id, None)
            self._settle_down()

    def close(self) -> None:
        """Let the threads end."""
        with self._lock:
            self._closed = True
            self._wanted.notify_all()

    def _settle_down(self) -> None:
        if not self._all:
            self._alone = False
            self._calm.notify_all()

    def cancel_all(self) -> None:
        """Close the sockets of all running attempts."""
        self.cancel(lambda _claim: True)

    def cancel(self, which: Callable[[Claim], bool]) -> None:
        """Close the sockets of some running attempts."""
        with self._lock:
            chosen = [held for held in self._running.values() if which(held.work.claim)]
        for held in chosen:
            held.work.cancel.cancel()

    def wait_until_idle(self, seconds: float) -> bool:
        """Wait until nothing is held any more; says whether that came to be."""
        with self._lock:
            return self._calm.wait_for(lambda: not self.in_flight, timeout=seconds)

    def _thread(self) -> None:
        while True:
            with self._lock:
                self._idle_threads += 1
                while (held := self._next()) is None:
                    if self._closed:
                        return
                    self._wanted.wait()
                self._idle_threads -= 1
                self._bulkhead.begin(held.destination)
                self._running[held.work.claim.id] = held
            with logs.bound(**held.work.claim.ids):
                self._carry_out(held)

    def _next(self) -> _Held | None:
        """Take the oldest that may begin. Whoever ends an attempt asks at once, so what its end
        made room for is taken up without waking anybody else."""
        for at, held in enumerate(self._waiting):
            if self._bulkhead.may_begin(held.destination):
                del self._waiting[at]
                return held
        return None

    def _begin(self, report: Report) -> None:
        """Report that an attempt begins. One that lost a worker before begins on record: if its
        worker is lost again without that record, it was not the one that did it."""
        on_record = report.claim.losses > 0
        written = threading.Event() if on_record else None
        self._report(replace(report, written=written))
        if written is not None:
            written.wait()

    def _carry_out(self, held: _Held) -> None:
        claim = held.work.claim
        started, began = clock.now(), clock.monotonic()
        self._begin(Report(claim, Span(started), self._worker))
        try:
            outcome = carry_out(held.work, self._tools)
        except Exception as error:
            # Handlers return what can go wrong; an exception is a bug of ours, and no reason to
            # send again.
            log.exception("%s of job %s raised", claim.action_type, claim.id)
            words = f"Runsheet made an error ({type(error).__name__}); see the worker's log."
            outcome = Outcome(verdict="failed", error=words)
        failpoints.crash_at(failpoints.AFTER_SEND)
        seconds = clock.monotonic() - began
        with self._lock:
            del self._running[claim.id]
            self._bulkhead.end(claim.destination, seconds)
            self._mean += (seconds - self._mean) / 8
        self._report(Report(claim, Span(started, clock.now(), seconds), self._worker, outcome))
