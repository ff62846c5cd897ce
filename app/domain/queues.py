"""Queues: how each stands, who works on it, and letting one rest. Nothing is claimed from a paused
queue (`claims.py`); what is under way ends and is recorded, and what falls due waits."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app import bells, clock
from app.domain import audit, processes
from app.errors import Conflict, NotFound
from app.models import (
    AutomationExecutionLog,
    AutomationJob,
    NotificationDeliveryLog,
    QueuePause,
    WorkerProcess,
    WorkflowInstance,
    WorkflowInstanceStep,
)
from app.models.vocabulary import AUTOMATION_QUEUE, QUEUES, ActionState, InstanceState, State
from app.schemas.queue import QueueOut, RunningOut, WorkerOut

SHOWN = 50  # of what one worker holds
_LATEST = 10_000  # tries looked at for the rate: a scan that stays small
_MINUTE = timedelta(minutes=1)
_job = AutomationJob


def read_all(session: Session) -> list[QueueOut]:
    """Every queue."""
    return [read(session, name) for name in QUEUES]


def read(session: Session, name: str) -> QueueOut:
    """How a queue stands. Raises NotFound."""
    _known(name)
    now, free = clock.now(), _job.lease_token.is_(None)
    waiting = free & ~_job.held
    due, later = waiting & (_job.run_at <= now), waiting & (_job.run_at > now)
    counts = (
        func.count().filter(due).label("depth"),
        func.min(_job.run_at).filter(due).label("oldest"),
        func.count().filter(~free).label("in_flight"),
        func.count().filter(later & (_job.attempt > 1)).label("retrying"),
        func.count().filter(later & (_job.attempt == 1)).label("planned"),
        func.count().filter(free & _job.held).label("held"),
    )
    row = session.execute(select(*counts).where(_job.queue == name)).one()
    pause_row = session.get(QueuePause, name)
    return QueueOut(
        name=name,
        depth=row.depth,
        oldest_seconds=max((now - row.oldest).total_seconds(), 0) if row.oldest else None,
        in_flight=row.in_flight,
        retrying=row.retrying,
        planned=row.planned,
        held=row.held,
        poisoned=poisoned(session) if name == AUTOMATION_QUEUE else 0,
        per_minute=_rate(session, name),
        workers=sum(process.queue == name for process in processes.alive(session)),
        paused=pause_row is not None,
        paused_by=pause_row.paused_by if pause_row else None,
        paused_at=pause_row.paused_at if pause_row else None,
        reason=pause_row.reason if pause_row else None,
    )


def _known(name: str) -> None:
    if name not in QUEUES:
        raise NotFound(f"There is no such queue. There are {' and '.join(QUEUES)}.")


def poisoned(session: Session) -> int:
    """Steps set aside since workers died doing them, of instances that are still open."""
    step, instance = WorkflowInstanceStep, WorkflowInstance
    query = (
        select(func.count(step.id))
        .join(instance, instance.id == step.instance_id)
        .where(instance.state.in_((InstanceState.ATTENTION, InstanceState.PAUSED)))
        .where(step.state == State.FAILED, step.action_state == ActionState.POISONED)
    )
    return session.scalar(query) or 0


def _rate(session: Session, name: str) -> int:
    log: Any = AutomationExecutionLog if name == AUTOMATION_QUEUE else NotificationDeliveryLog
    latest = select(log.ended_at).order_by(log.id.desc()).limit(_LATEST).subquery()
    query = select(func.count()).where(latest.c.ended_at > clock.now() - _MINUTE)
    return session.scalar(query) or 0


def pause(session: Session, name: str, actor: str, reason: str | None) -> None:
    """Take nothing more from a queue. Raises NotFound, and Conflict if it is paused already."""
    _known(name)
    if (found := session.get(QueuePause, name)) is not None:
        raise Conflict(f"{name} is paused already, by {found.paused_by.removeprefix('user:')}.")
    row = QueuePause(queue=name, reason=reason, paused_by=actor, paused_at=clock.now())
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:
        raise Conflict(f"{name} was paused by somebody else just now.") from None
    audit.record(session, actor, "queue.paused", "queue", name, reason=reason)


def resume(session: Session, name: str, actor: str, reason: str | None) -> None:
    """Go on with a queue, the longest due first. Raises NotFound, and Conflict if it is not
    paused."""
    _known(name)
    ending = delete(QueuePause).where(QueuePause.queue == name).returning(QueuePause.queue)
    if session.scalar(ending) is None:
        raise Conflict(f"{name} is not paused.")
    audit.record(session, actor, "queue.resumed", "queue", name, reason=reason)
    bells.ask(session.info, name)


def paused(session: Session) -> list[QueuePause]:
    """The queues that rest."""
    return list(session.scalars(select(QueuePause).order_by(QueuePause.queue)))


def workers(session: Session) -> list[WorkerOut]:
    """Every process that is remembered: those alive first, then the last heard."""
    rows = session.scalars(select(WorkerProcess)).all()
    held = _held(session, [row.name for row in rows])
    alive = {row.name for row in processes.alive(session)}
    found = [_worker(row, held[row.name], alive=row.name in alive) for row in rows]
    ordered = sorted(found, key=lambda one: one.seen_at, reverse=True)
    return sorted(ordered, key=lambda one: (not one.alive, one.kind, one.queue or ""))


def _worker(row: WorkerProcess, running: list[RunningOut], *, alive: bool) -> WorkerOut:
    return WorkerOut(
        name=row.name,
        kind=row.kind,
        queue=row.queue,
        host=row.host,
        pid=row.pid,
        version=row.version,
        alive=alive,
        ended=processes.has_ended(row),
        started_at=row.started_at,
        seen_at=row.seen_at,
        clock_off_seconds=row.clock_off,
        in_flight=max(row.in_flight, 0),
        running=running,
    )


def _held(session: Session, names: Sequence[str]) -> dict[str, list[RunningOut]]:
    step = WorkflowInstanceStep
    query = (
        select(_job, step.key)
        .outerjoin(step, step.id == _job.step_id)
        .where(_job.lease_token.is_not(None), _job.worker.in_(names))
        .order_by(_job.claimed_at)
    )
    held: dict[str, list[RunningOut]] = defaultdict(list)
    for job, key in session.execute(query):
        mine = held[job.worker or ""]
        if len(mine) < SHOWN:
            mine.append(_running(job, key))
    return held


def _running(job: AutomationJob, step_key: str | None) -> RunningOut:
    return RunningOut(
        queue=job.queue,
        kind=job.kind,
        action_type=job.action_type,
        instance_id=job.instance_id,
        step_key=step_key,
        delivery_id=job.delivery_id,
        claimed_at=job.claimed_at,
    )
