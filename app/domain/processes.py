"""Worker and scheduler processes say that they are alive, and are forgotten when they don't."""

from datetime import timedelta

from sqlalchemy import delete, exists, insert, select, update
from sqlalchemy.orm import Session

from app import clock
from app.models import WorkerProcess
from app.version import VERSION

ALIVE = timedelta(seconds=20)
TICKING = timedelta(seconds=15)  # a scheduler that was silent for longer does not tick
FORGOTTEN = timedelta(days=1)


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
        .values(seen_at=now, in_flight=in_flight)
    )
    if seen.rowcount == 0:
        session.execute(delete(WorkerProcess).where(WorkerProcess.seen_at < now - FORGOTTEN))
        session.execute(
            insert(WorkerProcess).values(
                name=name,
                kind=kind,
                queue=queue,
                host=host,
                pid=pid,
                version=VERSION,
                in_flight=in_flight,
                started_at=now,
                seen_at=now,
            )
        )


def say_gone(session: Session, name: str) -> None:
    """A process that ends in good order takes its row with it."""
    session.execute(delete(WorkerProcess).where(WorkerProcess.name == name))


def alive(session: Session) -> list[WorkerProcess]:
    """All processes that spoke within the last 20 s."""
    return list(
        session.scalars(
            select(WorkerProcess)
            .where(WorkerProcess.seen_at > clock.now() - ALIVE)
            .order_by(WorkerProcess.kind, WorkerProcess.id)
        )
    )


def scheduler_is_there(session: Session) -> bool:
    """Whether any scheduler has spoken of late; it does so after each tick."""
    spoke = WorkerProcess.seen_at > clock.now() - TICKING
    return bool(session.scalar(select(exists().where(WorkerProcess.kind == "scheduler", spoke))))


def eldest_worker(session: Session) -> str | None:
    """The name of the worker that lives longest: whoever must be one of many is this one."""
    spoke = WorkerProcess.seen_at > clock.now() - ALIVE
    return session.scalar(
        select(WorkerProcess.name)
        .where(WorkerProcess.kind == "worker", spoke)
        .order_by(WorkerProcess.id)
        .limit(1)
    )
