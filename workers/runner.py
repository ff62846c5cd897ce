"""The heart of a worker process: claims what is due, hands it to threads, goes on.

Bells and due times wake it; without either it looks once a second, so that work goes on while
Redis is away. What threads bring back is written by the committer (`workers/committer.py`);
leases are kept alive by the keeper (`workers/keeper.py`).
"""

import logging
import os
import threading
from datetime import timedelta

from flask import Flask
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from app import bells, clock, transaction
from app.config import Settings
from app.domain import claims, processes
from app.domain.addresses import AllowList
from app.domain.claims import Claim
from app.domain.contexts import read_contexts, read_secrets
from app.domain.destinations import located
from app.domain.keyring import Keyring
from app.domain.messages import read_messages
from app.domain.reports import Report
from workers import failpoints, process
from workers.committer import Committer
from workers.crew import Crew
from workers.handlers.base import Tools
from workers.keeper import Keeper
from workers.lifelines import Lifeline
from workers.mailer import Mailer
from workers.outbound import Outbound
from workers.stand_in import StandIn

LOOK_EVERY = 1.0  # seconds between looks when no bell rings
LOCKED_FOR = 0.05  # seconds until a job that another process is claiming is looked at again
UNSTARTED_FOR = 2.0  # seconds after which a claim nobody began is handed back
# Seconds after it was asked to stop: until then running attempts may end by themselves, then their
# sockets have been closed and their results come in, then these are written.
GRACE, CUT, WRITTEN = 20.0, 21.5, 23.0
log = logging.getLogger(__name__)


class Runner:
    """Carries out the jobs of one queue in this process. `start` and `stop` once each."""

    def __init__(self, app: Flask, queue: str) -> None:
        self.app = app
        self.queue = queue
        self.name = process.name()
        self.settings: Settings = app.config["SETTINGS"]
        outbound = Outbound(
            AllowList.parse(self.settings.outbound_allow), self.settings.egress_proxy or None
        )
        self.tools = Tools(self.settings, outbound, Mailer(self.settings.smtp_url))
        self.keyring = Keyring.parse(self.settings.encryption_keys)
        self.stopping = threading.Event()
        self._asked_at = 0.0
        self._woken = threading.Event()
        self._idle = threading.Event()
        self._alone_is_next = True
        self.committer = Committer(app, on_written=self._written)
        size, per_host = self.settings.worker_threads, self.settings.attempts_per_host
        self.crew = Crew(size, per_host, self.tools, self.name, self.committer.put)
        self.lifeline = Lifeline(self.settings, self.name)
        self.keeper = Keeper(self)
        self.stand_in = StandIn(self)
        self._thread = threading.Thread(target=self._run, name="runner", daemon=True)

    # -- from outside

    def start(self) -> None:
        self.lifeline.hold()
        self.committer.start()
        self._thread.start()
        self.stand_in.start()
        self.keeper.start()  # last: it ends the process when one of the others is gone

    def wake(self) -> None:
        """There may be work."""
        self._woken.set()

    def hear(self) -> None:
        """A bell: look now, and let the next ring be a message again."""
        bells.forget_ring(self.queue)
        self._woken.set()

    def drain(self, seconds: float) -> bool:
        """Start, work until nothing is due or the time is over, stop. Says whether more is due."""
        self.start()
        self._woken.set()
        self._idle.wait(seconds)
        self.stop()
        with self.app.app_context(), transaction.reading() as session:
            due = claims.next_due(session.connection(), self.queue)
            return due is not None and due.at <= clock.now()

    def stop_claiming(self) -> None:
        """Claim nothing more; what was not begun is handed back at once. Safe in a signal."""
        if not self.stopping.is_set():
            self._asked_at = clock.monotonic()
        self.stopping.set()
        self._woken.set()

    def stop(self) -> None:
        """End in good order: running attempts get 20 s, then their sockets are closed and their
        leases returned. Takes 25 s at most."""
        self.stop_claiming()
        self.stand_in.stop()
        self._thread.join(timeout=self._left(GRACE))
        if not self.crew.wait_until_idle(self._left(GRACE)):
            self.crew.cancel_all()
            self.crew.wait_until_idle(self._left(CUT))
        self.committer.stop(timeout=self._left(WRITTEN))
        self.keeper.stop()
        if not self.crew.in_flight:  # else its end tells others to take what is left
            self.lifeline.end()
        self.crew.close()
        self.tools.outbound.close()
        self.tools.mailer.close()

    def _left(self, seconds: float) -> float:
        return max(self._asked_at + seconds - clock.monotonic(), 0.0)

    # -- the loop

    def _run(self) -> None:
        with self.app.app_context():
            while not self.stopping.is_set():
                try:
                    wait = self._turn()
                except DBAPIError as error:
                    log.warning("The database does not answer: %s", str(error.orig)[:200])
                    wait = LOOK_EVERY
                except Exception:
                    log.exception("The runner stumbled")
                    wait = LOOK_EVERY
                if wait > 0:
                    self._woken.wait(wait)
                self._woken.clear()
            self._hand_back(self.crew.take_unstarted())

    def _turn(self) -> float:
        """Claim what this process can carry; returns how long to wait for a reason to go on."""
        self._hand_back(self.crew.take_unstarted(older_than=UNSTARTED_FOR))
        if self.keeper.someone_wants_to_be_alone and self._alone_is_next:
            if self.crew.in_flight:
                return LOOK_EVERY
            return self._turn_alone()
        room = self.crew.room()
        if room <= 0:
            return LOOK_EVERY  # woken when results have been written
        found = self._claim(room)
        self._alone_is_next = True
        if found:
            self._idle.clear()
            return 0.0 if found == room else self._until_next_due(busy=True)
        return self._until_next_due(busy=self.crew.in_flight > 0)

    def _turn_alone(self) -> float:
        """A job that took down workers is carried out with nothing else in this process, in turn
        with all others."""
        self._alone_is_next = False
        if self._claim(1, alone=True):
            return LOOK_EVERY
        self.keeper.someone_wants_to_be_alone = False
        return 0.0

    def _claim(self, limit: int, *, alone: bool = False) -> int:
        """Claim, keep what the bulkhead lets in, give back the rest. Returns how many there were
        to claim: if as many as asked for, there may be more."""
        full = [] if alone else self.crew.full()
        with transaction.writing(durable=False) as session:
            found = claims.claim(
                session.connection(),
                queue=self.queue,
                worker=self.name,
                limit=limit,
                lease_seconds=self.settings.lease_seconds,
                alone=alone,
                full=full,
            )
            kept, beyond = self.crew.fitting(found)
            self._free(session, beyond)
        failpoints.crash_at(failpoints.CLAIM, kept)
        if kept:
            self._take_on(kept, alone=alone)
        return len(found)

    def _take_on(self, held: list[Claim], *, alone: bool) -> None:
        """Hand claims to the crew. Where a webhook goes whose host is a placeholder is known only
        now; it is written down with what is given back, so that it is not claimed in vain again."""
        with transaction.reading() as session:
            connection = session.connection()
            contexts = read_contexts(connection, held)
            contexts |= read_messages(session, held, self.settings.base_url)
            secrets = read_secrets(connection, held, self.keyring)
        kept, beyond = self.crew.fitting([located(claim, contexts) for claim in held])
        self.crew.add(kept, contexts, secrets, alone=alone)
        self._hand_back(beyond)

    def _until_next_due(self, *, busy: bool) -> float:
        with transaction.reading() as session:
            due = claims.next_due(session.connection(), self.queue, full=self.crew.full())
        wait = LOOK_EVERY if due is None else (due.at - clock.now()) / timedelta(seconds=1)
        if due is not None and wait <= 0:
            # Due, and yet not claimed: it must be alone, or it came, or is being claimed, just now.
            if due.must_be_alone:
                self.keeper.someone_wants_to_be_alone = True
            return LOOK_EVERY if busy and due.must_be_alone else LOCKED_FOR
        # Whoever rang may be a little ahead of our clock: what is due in a moment is no idleness.
        if not busy and wait >= LOOK_EVERY:
            self._idle.set()
        return min(max(wait, 0.001), LOOK_EVERY)

    def is_whole(self) -> bool:
        """Whether all its threads live. If one is gone, the process had better go too."""
        return self._thread.is_alive() and self.committer.is_alive()

    def _hand_back(self, unstarted: list[Claim]) -> None:
        if not unstarted:
            return
        with transaction.writing(durable=False) as session:
            self._free(session, unstarted)

    def _free(self, session: Session, claimed: list[Claim]) -> None:
        if claimed:
            claims.hand_back(session.connection(), claimed)
            # Somebody else may have the threads this process lacks.
            bells.ask(session.info, self.queue)

    def _written(self, ended: list[Report]) -> None:
        """Results are in the database: there is room again, and dependents may be due."""
        self.crew.forget(report.claim for report in ended)
        self._woken.set()

    # -- for the keeper

    def say_alive(self) -> None:
        with transaction.writing(durable=False) as session:
            processes.say_alive(
                session,
                self.name,
                kind="worker",
                queue=self.queue,
                host=process.host(),
                pid=os.getpid(),
                in_flight=self.crew.in_flight,
            )
