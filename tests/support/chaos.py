"""Killing workers while they hold leases, and counting what came of it."""

import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import func, select

from app import transaction
from app.clock import monotonic
from app.models import (
    AutomationExecutionLog,
    AutomationJob,
    Event,
    WorkflowInstance,
    WorkflowInstanceStep,
)
from tests.support.processes import WORKER, Process
from tests.support.receiver import Receiver


@dataclass
class Crew:
    """Some worker processes that are started again whenever one is killed."""

    environ: Mapping[str, str]
    log: Path
    size: int = 2
    queue: str = "workflow-automation"
    processes: list[Process] = field(default_factory=list)

    def __enter__(self) -> "Crew":
        for _ in range(self.size):
            self.hire()
        return self

    def __exit__(self, *_error: object) -> None:
        for process in self.processes:
            process.end()

    def hire(self) -> None:
        self.processes.append(Process([*WORKER, self.queue], self.environ, self.log))

    def kill(self, pid: int) -> bool:
        """SIGKILL the process of this pid, if it is one of ours, and hire another."""
        for process in self.processes:
            if process.pid == pid and process.popen.poll() is None:
                process.kill()
                self.processes.remove(process)
                self.hire()
                return True
        return False


def leases() -> Counter[int]:
    """How many leases each worker process holds, by pid."""
    with transaction.reading() as session:
        rows = session.execute(
            select(AutomationJob.worker, func.count())
            .where(AutomationJob.lease_token.is_not(None))
            .group_by(AutomationJob.worker)
        )
        return Counter({int(str(worker).split(":")[1]): count for worker, count in rows})


def kill_while_busy(
    crew: Crew,
    kills: int,
    pause: float,
    busy: Callable[[], bool],
    *,
    ready: Callable[[], bool] = lambda: True,
    seconds: float = 150,
) -> list[int]:
    """Kill whichever worker holds most leases, whenever it is `ready` for it, until it was done
    `kills` times or it is no longer busy. Returns how many leases each kill hit."""
    hits: list[int] = []
    rest = threading.Event()
    until = monotonic() + seconds
    while len(hits) < kills and monotonic() < until and busy():
        for pid, count in leases().most_common() if ready() else ():
            # The leases of those killed before are still there, and are passed over.
            if crew.kill(pid):
                hits.append(count)
                break
        rest.wait(pause)
    return hits


def open_instances() -> int:
    with transaction.reading() as session:
        query = select(func.count()).where(WorkflowInstance.state != "COMPLETED")
        return session.scalar(query.select_from(WorkflowInstance)) or 0


@dataclass
class Account:
    """What the database and the receiver say afterwards."""

    completed: int
    completed_twice: int
    poisoned: int
    unknown: int
    fenced: int
    requests: int
    repeats: int
    tokens_per_step: int  # the most that the receiver saw for one step

    def __str__(self) -> str:
        return ", ".join(f"{name} {value}" for name, value in vars(self).items())


def account(receiver: Receiver) -> Account:
    """Add up. The requests' bodies name their step: `{"step": …}`."""
    with transaction.reading() as session:
        finished = session.execute(
            select(func.count())
            .where(Event.kind == "step.completed")
            .group_by(Event.instance_id, Event.step_key)
        ).scalars()
        completions = list(finished)
        outcomes: Counter[str | None] = Counter(
            session.scalars(select(AutomationExecutionLog.outcome))
        )
        poisoned = session.scalar(
            select(func.count()).where(WorkflowInstanceStep.action_state == "POISONED")
        )
    tokens: dict[str, set[str]] = {}
    for got in receiver.requests:
        tokens.setdefault(got.json["step"], set()).add(got.token)
    return Account(
        completed=len(completions),
        completed_twice=sum(count > 1 for count in completions),
        poisoned=poisoned or 0,
        unknown=outcomes["unknown"],
        fenced=outcomes["fenced"],
        requests=len(receiver.requests),
        repeats=len(receiver.requests) - len(tokens),
        tokens_per_step=max(map(len, tokens.values()), default=0),
    )
