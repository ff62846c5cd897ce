"""Workers that are stopped (SIGSTOP) in mid-send while others finish their steps, and then go on as
if nothing had happened."""

import contextlib
import signal
import threading
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError

from app import transaction
from app.models import (
    AutomationExecutionLog,
    AutomationJob,
    Event,
    WorkflowInstance,
    WorkflowInstanceStep,
)
from tests.support.chaos_lab import Lab
from tests.support.processes import WORKER, Process
from tests.support.receiver import Answer, Got
from tests.support.waiting import wait_until

Picture = dict[int, tuple[object, ...]]


@dataclass
class Fencing:
    """Rounds in which `at_once` of the workers are stopped in mid-send; as many others finish."""

    lab: Lab
    times: int
    at_once: int = 1
    stops: int = 0
    fenced: int = 0
    changed: int = 0  # steps that are not as they were before the stopped worker went on

    def run(self) -> "Fencing":
        """Until workers were stopped `times` times."""
        with self._workers() as workers:
            while self.stops < self.times:
                self._round(workers)
        return self

    @contextlib.contextmanager
    def _workers(self) -> Iterator[dict[int, Process]]:
        command = [*WORKER, "workflow-automation"]
        one = self.lab.environ | {"WORKER_THREADS": "1"}
        workers = [Process(command, one, self.lab.log) for _ in range(self.at_once * 2)]
        try:
            yield {worker.pid: worker for worker in workers}
        finally:
            for worker in workers:
                worker.end()

    def _round(self, workers: dict[int, Process]) -> None:
        first, hold = len(self.lab.receiver.requests), threading.Event()
        came: set[str] = set()

        def answer(got: Got) -> Answer:
            """The first request of each step waits; the others are answered at once."""
            if got.token not in came:
                came.add(got.token)
                hold.wait(20)
            return 200, {}, b'{"ok":true}'

        self.lab.receiver.answer = answer
        ids = self.lab.begin(self.at_once)
        self.lab.receiver.wait_for(first + self.at_once)
        stopped = wait_until(
            lambda: self._holders(ids, workers), why="all attempts should be begun"
        )
        _stop(stopped)
        try:
            wait_until(lambda: _completed(ids), seconds=60, every=0.1, why="others should finish")
            before, rows = self._picture(ids), _fenced(ids)
            hold.set()
        finally:
            hold.set()
            for worker in stopped:
                worker.signal(signal.SIGCONT)
        wait_until(lambda: _fenced(ids) - rows == len(ids), why="each late result should be fenced")
        self.stops += len(stopped)
        self.fenced += _fenced(ids) - rows
        after = self._picture(ids)
        self.changed += sum(before[i] != after[i] for i in ids)

    @staticmethod
    def _holders(ids: list[int], workers: dict[int, Process]) -> list[Process]:
        """Who carries these steps out, once all are known to have begun: nobody is stopped with a
        transaction in his hands."""
        log, job = AutomationExecutionLog, AutomationJob
        with transaction.reading() as session:
            begun = session.scalars(
                select(job.worker)
                .join(log, log.execution_id == job.execution_id)
                .where(job.instance_id.in_(ids), log.ended_at.is_(None))
            ).all()
        if len(begun) < len(ids):
            return []
        return [workers[int(str(worker).split(":")[1])] for worker in begun]

    @staticmethod
    def _picture(ids: list[int]) -> Picture:
        """All that a fenced result must leave alone: the instance, its step, its history, and the
        attempts that count."""
        step, log, event = WorkflowInstanceStep, AutomationExecutionLog, Event
        found: Picture = {}
        with transaction.reading() as session:
            for number in ids:
                kept = (
                    select(step.id, step.state, step.action_state, step.attempts, step.output)
                    .add_columns(step.completed_at, step.error)
                    .where(step.instance_id == number)
                )
                rows = (
                    select(log.id, log.attempt, log.outcome, log.ended_at, log.worker)
                    .join(step, step.id == log.step_id)
                    .where(step.instance_id == number, log.outcome != "fenced")
                    .order_by(log.id)
                )
                told = select(event.kind).where(
                    event.instance_id == number, event.kind != "attempt.fenced"
                )
                state = session.scalar(
                    select(WorkflowInstance.state).where(WorkflowInstance.id == number)
                )
                found[number] = (
                    state,
                    str(session.execute(kept).all()),
                    str(session.execute(rows).all()),
                    str(session.scalars(told.order_by(event.seq)).all()),
                )
        return found


def _stop(workers: list[Process]) -> None:
    """Stop them while none of them holds a lock of the database: who is frozen in the middle of a
    transaction keeps all others waiting (see docs/reliability.md)."""

    def stopped_with_empty_hands() -> bool:
        for worker in workers:
            worker.signal(signal.SIGSTOP)
        try:
            with transaction.writing() as session:
                session.execute(select(AutomationJob.id).with_for_update(nowait=True))
        except OperationalError:
            for worker in workers:
                worker.signal(signal.SIGCONT)
            return False
        return True

    wait_until(stopped_with_empty_hands, why="they should be stopped between transactions")


def _completed(ids: list[int]) -> bool:
    with transaction.reading() as session:
        done = select(func.count()).where(
            WorkflowInstance.id.in_(ids), WorkflowInstance.state == "COMPLETED"
        )
        return session.scalar(done.select_from(WorkflowInstance)) == len(ids)


def _fenced(ids: list[int]) -> int:
    step, log = WorkflowInstanceStep, AutomationExecutionLog
    rows = (
        select(func.count(log.id))
        .join(step, step.id == log.step_id)
        .where(step.instance_id.in_(ids), log.outcome == "fenced")
    )
    with transaction.reading() as session:
        return session.scalar(rows) or 0
