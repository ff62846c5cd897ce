"""Steps that kill the worker that carries them out, among steps that do not."""

import threading
from collections import Counter
from dataclasses import dataclass, field

from flask import Flask
from sqlalchemy import select

from app import transaction
from app.models import AutomationJob, WorkflowInstance, WorkflowInstanceStep
from tests.support import chaos
from tests.support.chaos_lab import Lab
from tests.support.receiver import Answer, Got
from tests.support.waiting import wait_until

POISON = "poison"
_OVER = ("COMPLETED", "ATTENTION")


@dataclass
class Poison:
    """So many steps whose receiver kills the worker that asks, among so many harmless ones."""

    lab: Lab
    app: Flask
    poisonous: int = 1
    harmless: int = 20
    kills: Counter[int] = field(default_factory=Counter[int])  # by instance

    def run(self, seconds: float) -> "Poison":
        """Until every instance is over."""
        self.lab.publish()
        self.lab.publish(POISON)
        self._bad = self.lab.begin(self.poisonous, POISON)
        self._good = self.lab.begin(self.harmless)
        with chaos.Crew(self.lab.environ, self.lab.log) as crew:
            self.lab.receiver.answer = lambda got: self._answer(crew, got)
            wait_until(self._all_over, seconds=seconds, every=0.25, why="all should be over")
        return self

    def states(self, *, poisonous: bool) -> Counter[tuple[str, str]]:
        """How the steps of one kind ended."""
        step = WorkflowInstanceStep
        ids = self._bad if poisonous else self._good
        with transaction.reading() as session:
            rows = session.execute(
                select(step.state, step.action_state).where(step.instance_id.in_(ids))
            )
            return Counter((str(row.state), str(row.action_state)) for row in rows)

    def _answer(self, crew: chaos.Crew, got: Got) -> Answer:
        if got.path == f"/{POISON}":
            with self.app.app_context(), _ONE_AT_A_TIME:
                self._kill(crew, got)
        return 200, {}, b"{}"

    def _kill(self, crew: chaos.Crew, got: Got) -> None:
        """The worker that holds the lease of this request's step."""
        job = AutomationJob
        with transaction.reading() as session:
            worker = session.scalar(select(job.worker).where(job.execution_token == got.token))
        if worker and crew.kill(int(worker.split(":")[1])):
            self.kills[got.json["step"]] += 1

    def _all_over(self) -> bool:
        with transaction.reading() as session:
            open_ones = select(WorkflowInstance.id).where(WorkflowInstance.state.not_in(_OVER))
            return session.execute(open_ones).first() is None


_ONE_AT_A_TIME = threading.Lock()
