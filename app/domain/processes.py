"""Worker and scheduler processes say that they are alive. One that falls silent, or ends, is
remembered until another of its kind begins, for a day at least if it fell silent: so it can be said
since when nobody is there."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, exists, func, insert, select, update
from sqlalchemy.orm import Session

from app import clock
from app.models import AutomationJob, WorkerProcess
from app.models.vocabulary import AUTOMATION_QUEUE, NOTIFICATION_QUEUE
from app.version import VERSION

ALIVE = timedelta(seconds=20)
TICKING = timedelta(seconds=12)  # a scheduler that was silent for longer does not tick
OFF = 5.0  # seconds by which a machine's clock may differ from the database's
FORGOTTEN = timedelta(days=1)
_ENDED = -1  # in the place of what it is doing: it ended in good order, when it was last seen

# What must be there, by the name it goes by: the kind of process, and its queue.
NEEDED: Mapping[str, tuple[str, str | None]] = {
    "worker": ("worker", AUTOMATION_QUEUE),
    "notifier": ("worker", NOTIFICATION_QUEUE),
    "scheduler": ("scheduler", None),
}


@dataclass(frozen=True, slots=True)
class Standing:
    """How many processes of one kind are alive, and when one was last heard."""

    count: int = 0
    last_seen: datetime | None = None


@dataclass(frozen=True, slots=True)
class WrongClock:
    """A process whose machine's clock is so many seconds ahead of the database's, which times
    follow."""

    kind: str
    process: str  # host:pid
    seconds: float


def say_alive(
    session: Session,
    name: str,
    *,
    kind: str,
    host: str,
    pid: int,
    queue: str | None = None,
    in_flight: int = 0,
) -> None:
    """Write down that this process lives and how much it is doing."""
    now = clock.now()
    seen = session.connection().execute(
        update(WorkerProcess)
        .where(WorkerProcess.name == name)
        .values(seen_at=now, in_flight=in_flight, clock_off=clock.off())
    )
    if seen.rowcount == 0:
        same = (WorkerProcess.kind == kind) & (WorkerProcess.queue.is_not_distinct_from(queue))
        past = WorkerProcess.in_flight == _ENDED
        silent = WorkerProcess.seen_at < now - FORGOTTEN
        session.execute(delete(WorkerProcess).where(same & (past | silent)))
        session.execute(
            insert(WorkerProcess).values(
                name=name,
                kind=kind,
                queue=queue,
                host=host,
                pid=pid,
                version=VERSION,
                in_flight=in_flight,
                clock_off=clock.off(),
                started_at=now,
                seen_at=now,
            )
        )


def say_gone(session: Session, name: str) -> None:
    """A process ends in good order: it is not alive any more from now on."""
    session.execute(
        update(WorkerProcess)
        .where(WorkerProcess.name == name)
        .values(seen_at=clock.now(), in_flight=_ENDED)
    )


def has_ended(process: WorkerProcess) -> bool:
    """Whether it ended in good order."""
    return process.in_flight == _ENDED


def standings(session: Session) -> dict[str, Standing]:
    """How each kind in NEEDED stands."""
    row = WorkerProcess
    query = select(
        row.kind, row.queue, func.count().filter(_spoke(ALIVE)), func.max(row.seen_at)
    ).group_by(row.kind, row.queue)
    found = {
        (kind, queue): Standing(count, last_seen)
        for kind, queue, count, last_seen in session.execute(query)
    }
    return {name: found.get(kind, Standing()) for name, kind in NEEDED.items()}


def waiting(session: Session, queue: str) -> int:
    """How many jobs are due on a queue that nobody carries out."""
    job = AutomationJob
    due = (job.queue == queue, job.run_at <= clock.now(), job.lease_token.is_(None), ~job.held)
    return session.scalar(select(func.count()).select_from(job).where(*due)) or 0


def _spoke(within: timedelta) -> ColumnElement[bool]:
    """Whether a process has spoken so lately, and has not said since that it ends."""
    row = WorkerProcess
    return (row.seen_at > clock.now() - within) & (row.in_flight != _ENDED)


def alive(session: Session) -> list[WorkerProcess]:
    """All processes that spoke within the last 20 s."""
    return list(
        session.scalars(
            select(WorkerProcess)
            .where(_spoke(ALIVE))
            .order_by(WorkerProcess.kind, WorkerProcess.id)
        )
    )


def clocks_off(session: Session) -> list[WrongClock]:
    """Of those that are alive, whose machine's clock differs from the database's."""
    row = WorkerProcess
    query = select(row.kind, row.host, row.pid, row.clock_off)
    rows = session.execute(
        query.where(_spoke(ALIVE), func.abs(row.clock_off) > OFF).order_by(row.id)
    )
    return [WrongClock(found.kind, f"{found.host}:{found.pid}", found.clock_off) for found in rows]


def scheduler_ticks(session: Session) -> bool:
    """Whether any scheduler has spoken of late, if only to say that it ends: it may be started
    anew."""
    ticks = (WorkerProcess.kind == "scheduler", WorkerProcess.seen_at > clock.now() - TICKING)
    return bool(session.scalar(select(exists().where(*ticks))))


def eldest_worker(session: Session) -> str | None:
    """The name of the worker that lives longest: whoever must be one of many is this one."""
    return session.scalar(
        select(WorkerProcess.name)
        .where(WorkerProcess.kind == "worker", _spoke(ALIVE))
        .order_by(WorkerProcess.id)
        .limit(1)
    )
