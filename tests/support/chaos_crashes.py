"""Workers that die at each failpoint in turn while steps keep coming, and what came of it."""

import itertools
import math
import os
import random
import signal
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from flask import Flask, current_app
from sqlalchemy import func, select

from app import clock, transaction
from app.models import AutomationExecutionLog, AutomationJob, WorkflowInstanceStep
from tests.support import chaos
from tests.support.chaos_lab import Lab, due_jobs, percentile
from tests.support.processes import WORKER, Process
from workers import failpoints

LAST_CHANCE = 2  # losses alone: with one more, the default POISON_AFTER sets the step aside


@dataclass
class Kill:
    """One death: whose, where, when, and the steps it hit in mid-attempt."""

    pid: int
    point: str
    at: datetime
    steps: list[int]


class Doomed(Process):
    """A worker that dies at a failpoint (None: it does not). It stops there, and what it holds is
    looked up before it is killed: others may have it a moment later."""

    def __init__(self, point: str | None, nth: int, environ: Mapping[str, str], log: Path) -> None:
        armed = {} if point is None else {"RUNSHEET_CRASH_AT": f"{point}:{nth}:stop"}
        environ = {**environ, "RUNSHEET_TESTING": "1", **armed}
        super().__init__([*WORKER, "workflow-automation"], environ, log)
        self.point = point
        self.died_at: datetime | None = None
        self.hits: list[int] = []
        app = current_app._get_current_object()  # type: ignore[attr-defined]
        threading.Thread(target=self._watch, args=(app,), daemon=True).start()

    def _watch(self, app: Flask) -> None:
        try:
            end = os.waitid(os.P_PID, self.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
        except ChildProcessError:
            return  # it was ended, and waited for, in good order
        if end is not None and end.si_code == os.CLD_STOPPED:
            with app.app_context():
                self.hits = self._held()
        self.kill()
        self.died_at = clock.now()

    def _held(self) -> list[int]:
        """The steps whose leases it holds."""
        job = AutomationJob
        mine = select(job.step_id).where(
            job.lease_token.is_not(None), job.worker.like(f"%:{self.pid}:%")
        )
        with transaction.reading() as session:
            return [step for step in session.scalars(mine) if step is not None]


@dataclass
class Crashes:
    """A campaign: `size` workers, of which each dies and is replaced until there were `kills`,
    while steps come as fast as they are carried out, at least `steps` of them."""

    lab: Lab
    kills: int
    steps: int
    size: int = 3
    seconds: float = 600.0  # by then it is over, one way or the other
    found: list[Kill] = field(default_factory=list[Kill])
    begun: int = 0
    _crew: list[Doomed] = field(default_factory=list[Doomed])
    _leaving: list[Doomed] = field(default_factory=list[Doomed])
    _points: Iterator[str] = field(default_factory=lambda: itertools.cycle(failpoints.IN_WORKERS))
    _dice: random.Random = field(default_factory=lambda: random.Random(7))

    def run(self) -> "Outcome":
        pause, until = threading.Event(), clock.monotonic() + self.seconds
        try:
            while not self._is_over():
                assert clock.monotonic() < until, f"not within {self.seconds} s; see {self.lab.log}"
                self._bury()
                self._hire()
                self._feed()
                pause.wait(0.05)
        finally:
            for process in [*self._crew, *self._leaving]:
                process.end()
        return Outcome.of(self)

    def _is_over(self) -> bool:
        enough = self.begun >= self.steps and len(self.found) >= self.kills
        return enough and not chaos.open_instances()

    def _bury(self) -> None:
        for process in [process for process in self._crew if process.died_at]:
            code = process.popen.returncode
            assert process.point and process.died_at and code == -signal.SIGKILL, (
                f"a worker ended by itself ({code}); see {self.lab.log}"
            )
            self._crew.remove(process)
            self.found.append(Kill(process.pid, process.point, process.died_at, process.hits))

    def _hire(self) -> None:
        armed = sum(process.point is not None for process in self._crew)
        wanted = len(self.found) + armed < self.kills and not _one_has_its_last_chance()
        spared = [process for process in self._crew if process.point is None]
        if len(self._crew) == self.size and wanted and spared:
            spared[0].signal(signal.SIGTERM)
            self._crew.remove(spared[0])
            self._leaving.append(spared[0])
        if len(self._crew) < self.size:
            point = next(self._points) if wanted else None
            self._crew.append(Doomed(point, self._nth(point), self.lab.environ, self.lab.log))

    def _nth(self, point: str | None) -> int:
        """Soon when kills lag behind steps, later when they run ahead."""
        if point == failpoints.RENEWAL:
            return 1
        return self._dice.randint(1, 3) if self._kills_lag() else self._dice.randint(3, 8)

    def _feed(self) -> None:
        """As many as can be carried out at once, and no more: whoever is given back must not
        stand in a queue that has nothing to do with the kill."""
        if self.begun >= self.steps and len(self.found) >= self.kills:
            return
        pids = {process.pid for process in self._crew}
        held = sum(count for pid, count in chaos.leases().items() if pid in pids)
        # Kills and steps end together: while kills lag behind, only as many as keep workers busy.
        busy = held if self._kills_lag() else 0
        room = self.size * 2 - due_jobs() - busy
        if room > 0:
            self.begun += len(self.lab.begin(room))

    def _kills_lag(self) -> bool:
        return len(self.found) / self.kills <= self.begun / self.steps


def _one_has_its_last_chance() -> bool:
    """Whoever shoots once more at a step that lost two workers alone is, by the rules, told that it
    kills workers. These kills are not its doing."""
    job = AutomationJob
    query = select(func.count()).select_from(job).where(job.losses_alone >= LAST_CHANCE)
    with transaction.reading() as session:
        return bool(session.scalar(query))


@dataclass
class Outcome:
    """What a campaign gave."""

    account: chaos.Account
    begun: int
    kills: list[Kill]
    noticed: list[float]  # seconds from a kill until what it hit was given back
    recoveries: dict[int, float]  # by step: seconds from the last kill of it to its completion

    @classmethod
    def of(cls, crashes: Crashes) -> "Outcome":
        account = chaos.account(crashes.lab.receiver)
        kills = crashes.found
        return cls(account, crashes.begun, kills, _noticed(kills), _recoveries(kills))

    @property
    def lost(self) -> int:
        return self.begun - self.account.completed - self.account.poisoned

    @property
    def p50(self) -> float:
        return percentile(self.recoveries.values(), 0.5)

    @property
    def p99(self) -> float:
        return percentile(self.recoveries.values(), 0.99)

    @property
    def hits(self) -> Counter[int]:
        """How often steps were hit by a kill, by step."""
        return Counter(step for kill in self.kills for step in kill.steps)

    def per_hits(self) -> str:
        """How long it took, by how often a step was hit."""
        alike: dict[int, list[float]] = {}
        for step, times in self.hits.items():
            alike.setdefault(times, []).append(self.recoveries.get(step, math.inf))
        return "; ".join(
            f"{len(found)} steps hit {times} times: p50 {percentile(found, 0.5):.1f} s, "
            f"at most {max(found):.1f} s"
            for times, found in sorted(alike.items())
        )

    def per_point(self) -> dict[str, int]:
        return {point: sum(k.point == point for k in self.kills) for point in failpoints.IN_WORKERS}

    def __str__(self) -> str:
        where = ", ".join(f"{point} {count}" for point, count in self.per_point().items())
        return (
            f"{len(self.kills)} kills ({where}) over {self.begun} steps hit "
            f"{self.hits.total()} attempts; lost {self.lost}, {self.account}; "
            f"given back p50 {percentile(self.noticed, 0.5):.1f} s; "
            f"recovery p50 {self.p50:.1f} s, p99 {self.p99:.1f} s; {self.per_hits()}"
        )


def _noticed(kills: list[Kill]) -> list[float]:
    log, died = AutomationExecutionLog, {str(kill.pid): kill.at for kill in kills}
    with transaction.reading() as session:
        rows = session.execute(select(log.worker, log.ended_at).where(log.outcome == "unknown"))
        ends = [(str(row.worker).split(":")[1], row.ended_at) for row in rows]
    return [(end - died[pid]).total_seconds() for pid, end in ends if pid in died and end]


def _recoveries(kills: list[Kill]) -> dict[int, float]:
    last = {step: kill.at for kill in sorted(kills, key=lambda k: k.at) for step in kill.steps}
    step = WorkflowInstanceStep
    with transaction.reading() as session:
        rows = session.execute(select(step.id, step.completed_at).where(step.id.in_(last)))
        ends = {row.id: row.completed_at for row in rows if row.completed_at}
    return {hit: (ends[hit] - at).total_seconds() for hit, at in last.items() if hit in ends}
