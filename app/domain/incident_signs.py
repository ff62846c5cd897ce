"""What is wrong with Runsheet itself at this moment, as the database shows it."""

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from app import clock
from app.domain import failing_channels, incident_kinds, processes, queues
from app.domain.processes import ALIVE, NEEDED, Standing
from app.models import AutomationJob, Incident, QueuePause, Tally, WorkerProcess
from app.models.vocabulary import QUEUES

# A job that is due for so long, and so long nothing was taken from its queue.
STUCK_FOR = timedelta(minutes=5)
# A death is news for so long; those that follow in that time are part of the same trouble.
LOST_WITHIN = timedelta(minutes=10)
# A job that is due for so long, whatever else is taken: it is not seen, or falls ever further back.
LEFT_FOR = timedelta(minutes=15)
_NOBODY = {
    "worker": incident_kinds.NO_WORKER,
    "notifier": incident_kinds.NO_NOTIFIER,
    "scheduler": incident_kinds.NO_SCHEDULER,
}
_job, _process = AutomationJob, WorkerProcess


@dataclass(frozen=True, slots=True)
class Sign:
    """One thing that is wrong now. `said`: what was seen, in a sentence."""

    kind: str
    subject: str
    said: str


def signs(session: Session) -> list[Sign]:
    """All that is wrong now."""
    missing = {
        name: found for name, found in processes.standings(session).items() if not found.count
    }
    nobody = [sign for name in missing for sign in _nobody(session, name, missing[name])]
    told = {NEEDED[name] for name in missing}
    return [
        *nobody,
        *_lost(session, told),
        *_stuck(session),
        *_poisoned(session),
        *_failing(session),
    ]


def _nobody(session: Session, name: str, found: Standing) -> Iterator[Sign]:
    queue = NEEDED[name][1]
    waits = processes.waiting(session, queue) if queue else 0
    if found.last_seen is None and queue and not waits:
        return  # none was ever needed yet
    where = f" on {queue}" if queue else ""
    since = f" since {_minute(found.last_seen)}" if found.last_seen else " yet"
    jobs = f" {waits} {'job is' if waits == 1 else 'jobs are'} due." if queue else ""
    yield Sign(_NOBODY[name], queue or "", f"No {name} has been heard{where}{since}.{jobs}".strip())


def _lost(session: Session, but: set[tuple[str, str | None]]) -> Iterator[Sign]:
    """Processes that fell silent without saying that they end. `but`: what kinds are known to be
    missing altogether."""
    now = clock.now()
    silent = (_process.seen_at > now - LOST_WITHIN, _process.seen_at < now - ALIVE)
    rows = session.scalars(select(_process).where(*silent).order_by(_process.id))
    found: dict[tuple[str, str | None], list[WorkerProcess]] = defaultdict(list)
    for row in rows:
        if not processes.has_ended(row):
            found[(row.kind, row.queue)].append(row)
    for (kind, queue), dead in found.items():
        if (kind, queue) in but:
            continue
        names = ", ".join(f"{row.host}:{row.pid}" for row in dead[:5])
        more = f" and {len(dead) - 5} more" if len(dead) > 5 else ""
        said = (
            f"{names}{more} ({queue or kind}) fell silent without saying that it ends; last heard "
            f"{_minute(max(row.seen_at for row in dead))}. Others of its kind are alive."
        )
        yield Sign(incident_kinds.WORKERS_LOST, queue or kind, said)


def _stuck(session: Session) -> Iterator[Sign]:
    """Queues whose work nobody takes up though workers live and nobody has paused them."""
    alive = {row.queue for row in processes.alive(session)}
    paused = set(session.scalars(select(QueuePause.queue)))
    for queue in QUEUES:
        if queue in alive - paused:
            yield from _stuck_in(session, queue)


def _stuck_in(session: Session, queue: str) -> Iterator[Sign]:
    long_ago = clock.now() - STUCK_FOR
    mine, free = _job.queue == queue, _job.lease_token.is_(None)
    # Each on its own finds its index; together they would read the whole table.
    due = mine & free & ~_job.held & (_job.run_at < long_ago)
    waiting, since = session.execute(select(func.count(), func.min(_job.run_at)).where(due)).one()
    expired = _count(session, mine & ~free & (_job.lease_until < long_ago))
    lately = waiting and _count(session, mine & ~free & (_job.claimed_at > long_ago))
    if waiting and not lately and not _ended_lately(session, queue, long_ago):
        jobs = "1 job has" if waiting == 1 else f"{waiting} jobs have"
        said = f"{jobs} been due on {queue} since {_minute(since)}, and no worker takes them up."
        yield Sign(incident_kinds.BACKLOG, queue, said)
    elif waiting and since < clock.now() - LEFT_FOR:
        said = f"A job has been due on {queue} since {_minute(since)}, though others are taken up."
        yield Sign(incident_kinds.BACKLOG, queue, said)
    elif expired:
        leases = "lease" if expired == 1 else "leases"
        said = f"{expired} {leases} on {queue} ran out long ago and were not taken back."
        yield Sign(incident_kinds.BACKLOG, queue, said)


def _count(session: Session, which: ColumnElement[bool]) -> int:
    return session.scalar(select(func.count()).select_from(_job).where(which)) or 0


def _ended_lately(session: Session, queue: str, since: datetime) -> bool:
    """Whether any attempt of this queue ended since then: short ones are never seen held."""
    return any(labels["queue"] == queue for labels, _ in _attempts(session, since))


def _poisoned(session: Session) -> Iterator[Sign]:
    if number := queues.poisoned(session):
        steps = "1 step was" if number == 1 else f"{number} steps were"
        yield Sign(
            incident_kinds.STEPS_POISONED, "", f"{steps} set aside: workers died doing them."
        )


def _failing(session: Session) -> Iterator[Sign]:
    kind, row = incident_kinds.DELIVERIES_FAILING, Incident
    known = session.scalars(select(row.subject).where(row.kind == kind, row.ended_at.is_(None)))
    for channel, said in failing_channels.failing(session, known.all()):
        yield Sign(kind, channel, said)


def _attempts(session: Session, since: datetime) -> Sequence[tuple[dict[str, str], float]]:
    """What was counted of attempts and tries that ended since then, by labels."""
    value = func.sum(Tally.value)
    query = select(Tally.labels, value).where(
        Tally.name == "attempts_total", Tally.minute >= since.replace(second=0, microsecond=0)
    )
    return [(json.loads(row[0]), row[1]) for row in session.execute(query.group_by(Tally.labels))]


def _minute(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
