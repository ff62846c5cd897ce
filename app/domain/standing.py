"""How things stand now, as numbers: what queues hold, who is there, what needs people."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app import clock
from app.domain import by_name, processes, queries, queues, schedule_queries
from app.domain.processes import NEEDED
from app.models import AutomationJob, WorkerProcess, WorkflowInstance
from app.models.vocabulary import QUEUES, InstanceState

_NO_LABELS: Mapping[str, str] = {}
_OPEN = (InstanceState.RUNNING, InstanceState.PAUSED, InstanceState.ATTENTION)
_job = AutomationJob


@dataclass(frozen=True, slots=True)
class Gauge:
    """A number that goes up and down, by labels; all samples have the same labels."""

    name: str
    about: str
    samples: Sequence[tuple[Mapping[str, str], float]]


def gauges(session: Session) -> Iterator[Gauge]:
    """All of them."""
    yield from _of_jobs(session)
    yield _paused(session)
    yield _of_processes(session)
    yield _tick_age(session)
    yield from _of_instances(session)
    about = "Steps set aside since workers died doing them."
    yield _number("steps_poisoned", about, queues.poisoned(session))
    failing = by_name.failing_destinations(session)
    yield _number("destinations_failing", "Destinations where most tries fail.", len(failing))
    late = schedule_queries.count_late(session)
    yield _number("schedules_late", "Schedules whose time came over a minute ago.", late)


def _number(name: str, about: str, value: float) -> Gauge:
    return Gauge(name, about, [(_NO_LABELS, float(value))])


def _of_jobs(session: Session) -> Iterator[Gauge]:
    """What is owed now, in one look at the table; what is done does not stand there any more."""
    free, due = _job.lease_token.is_(None), _job.run_at <= clock.now()
    waiting = free & ~_job.held
    states = {
        "due": waiting & due,
        "in_flight": ~free,
        "retrying": waiting & ~due & (_job.attempt > 1),
        "planned": waiting & ~due & (_job.attempt == 1),
        "held": free & _job.held,
    }
    counts = (func.count().filter(which) for which in states.values())
    oldest = func.min(_job.run_at).filter(states["due"])
    found = session.execute(select(_job.queue, oldest, *counts).group_by(_job.queue)).all()
    rows: dict[str, Any] = {row[0]: row for row in found}
    jobs = [
        ({"queue": queue, "state": state}, float(rows[queue][at] if queue in rows else 0))
        for queue in QUEUES
        for at, state in enumerate(states, start=2)
    ]
    yield Gauge("queue_jobs", "Jobs by queue and what they wait for.", jobs)
    ages = [({"queue": queue}, _age(rows[queue][1] if queue in rows else None)) for queue in QUEUES]
    yield Gauge("oldest_due_seconds", "For how long the first due job has waited.", ages)


def _age(since: datetime | None) -> float:
    return max((clock.now() - since).total_seconds(), 0.0) if since else 0.0


def _paused(session: Session) -> Gauge:
    resting = {pause.queue for pause in queues.paused(session)}
    paused = [({"queue": queue}, float(queue in resting)) for queue in QUEUES]
    return Gauge("queue_paused", "1 while somebody lets a queue rest.", paused)


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
    """Only those that are open: the others are history, which grows."""
    state = WorkflowInstance.state
    query = select(state, func.count()).where(state.in_(_OPEN)).group_by(state)
    counts = {row[0]: row[1] for row in session.execute(query)}
    samples = [({"state": one.value}, float(counts.get(one, 0))) for one in _OPEN]
    yield Gauge("instances", "Open instances by state.", samples)
    late = select(func.count()).select_from(WorkflowInstance).where(queries.is_late())
    about = "Open instances whose time is over."
    yield _number("instances_overdue", about, session.scalar(late) or 0)
