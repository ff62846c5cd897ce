"""How things stand now, as numbers: what queues hold, who is there, what needs people."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app import clock
from app.domain import processes, queries, queues
from app.domain.processes import NEEDED
from app.models import WorkerProcess, WorkflowInstance
from app.models.vocabulary import InstanceState
from app.schemas.queue import QueueOut

_NO_LABELS: Mapping[str, str] = {}
_WAITING = ("due", "in_flight", "retrying", "planned", "held")


@dataclass(frozen=True, slots=True)
class Gauge:
    """A number that goes up and down, by labels; all samples have the same labels."""

    name: str
    about: str
    samples: Sequence[tuple[Mapping[str, str], float]]


def gauges(session: Session) -> Iterator[Gauge]:
    """All of them."""
    yield from _of_queues(queues.read_all(session))
    yield _of_processes(session)
    yield _tick_age(session)
    yield from _of_instances(session)


def _of_queues(found: Sequence[QueueOut]) -> Iterator[Gauge]:
    jobs = [
        ({"queue": queue.name, "state": state}, float(number))
        for queue in found
        for state, number in zip(
            _WAITING,
            (queue.depth, queue.in_flight, queue.retrying, queue.planned, queue.held),
            strict=True,
        )
    ]
    yield Gauge("queue_jobs", "Jobs by queue and what they wait for.", jobs)
    oldest = [({"queue": queue.name}, queue.oldest_seconds or 0.0) for queue in found]
    yield Gauge("oldest_due_seconds", "For how long the first due job has waited.", oldest)
    paused = [({"queue": queue.name}, float(queue.paused)) for queue in found]
    yield Gauge("queue_paused", "1 while somebody lets a queue rest.", paused)
    poisoned = [(_NO_LABELS, float(sum(queue.poisoned for queue in found)))]
    yield Gauge("steps_poisoned", "Steps set aside since workers died doing them.", poisoned)


def _of_processes(session: Session) -> Gauge:
    samples = [
        ({"kind": name}, float(found.count)) for name, found in processes.standings(session).items()
    ]
    return Gauge("processes", f"Processes alive: {', '.join(NEEDED)}.", samples)


def _tick_age(session: Session) -> Gauge:
    seen = WorkerProcess.seen_at
    last = session.scalar(select(func.max(seen)).where(WorkerProcess.kind == "scheduler"))
    age = max((clock.now() - last).total_seconds(), 0.0) if last else float("inf")
    return Gauge("tick_age_seconds", "Since a scheduler was last heard.", [(_NO_LABELS, age)])


def _of_instances(session: Session) -> Iterator[Gauge]:
    state = WorkflowInstance.state
    rows = session.execute(select(state, func.count()).group_by(state)).all()
    counts: dict[str, int] = {row[0]: row[1] for row in rows}
    samples = [({"state": one.value}, float(counts.get(one, 0))) for one in InstanceState]
    yield Gauge("instances", "Instances by state.", samples)
    late = select(func.count()).select_from(WorkflowInstance).where(queries.is_late())
    overdue = [(_NO_LABELS, float(session.scalar(late) or 0))]
    yield Gauge("instances_overdue", "Open instances whose time is over.", overdue)
