"""Leases on jobs. A claim, its renewal and its return are transactions of their own that touch
job rows only; the lease token is the fencing token of every later write."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import ColumnElement, Connection, Row, Select, exists, or_, select, true, update

from app import clock
from app.domain.ledger import row_values
from app.models import AutomationJob, QueuePause
from app.models.columns import table_of

jobs = table_of(AutomationJob).c
_table = table_of(AutomationJob)
# A job that took down this many workers in a row is next claimed alone.
ALONE_AFTER = 2
_RETURNED = [
    jobs[name]
    for name in (
        "id queue kind instance_id step_id execution_id notice_id delivery_id action_type "
        "action_config execution_token occurrence attempt allowed queued_at run_at lease_token "
        "losses losses_alone destination"
    ).split()
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A job this process holds a lease on: plain values, all that a thread needs."""

    id: int
    queue: str
    kind: str
    instance_id: int | None
    step_id: int | None
    execution_id: int | None
    notice_id: int | None
    delivery_id: int | None
    action_type: str
    action_config: dict[str, Any]
    execution_token: str | None
    occurrence: int
    attempt: int
    allowed: int
    queued_at: datetime
    run_at: datetime
    lease_token: str
    losses: int
    losses_alone: int
    destination: str | None  # where it goes: what a worker's bulkhead counts by

    @property
    def ids(self) -> dict[str, Any]:
        """What lines of the log about it carry."""
        return {
            "job": self.id,
            "instance": self.instance_id,
            "stepId": self.step_id,
            "execution": self.execution_token if self.delivery_id is None else None,
            "attempt": self.attempt,
            "delivery": self.delivery_id,
        }


@dataclass(frozen=True, slots=True)
class Due:
    """The next job of a queue that falls due, perhaps in the past."""

    at: datetime
    must_be_alone: bool


def claim(
    connection: Connection,
    *,
    queue: str,
    worker: str,
    limit: int,
    lease_seconds: float,
    alone: bool = False,
    full: Collection[str] = (),
) -> list[Claim]:
    """Lease up to `limit` free, due jobs of a queue, the longest due first, but none that goes to
    a destination that is `full`. With `alone`, lease one of those that must have a process to
    themselves."""
    now = clock.now()
    free = (
        select(jobs.id)
        .where(jobs.queue == queue, jobs.lease_token.is_(None), ~jobs.held, jobs.run_at <= now)
        .where(_goes_elsewhere(full), _is_open(queue))
        .where(jobs.losses >= ALONE_AFTER if alone else jobs.losses < ALONE_AFTER)
        .order_by(jobs.run_at, jobs.id)
        .limit(1 if alone else limit)
        .with_for_update(skip_locked=True)
        # PostgreSQL may run a subquery again for each row; what locks rows in a CTE runs once.
        .cte("free")
    )
    rows = connection.execute(
        update(_table)
        .where(jobs.id.in_(select(free.c.id)))
        .values(
            lease_token=uuid4().hex,
            lease_until=now + timedelta(seconds=lease_seconds),
            claimed_at=now,
            worker=worker,
        )
        .returning(*_RETURNED)
    ).all()
    return [Claim(**row_values(row)) for row in sorted(rows, key=_age)]


def _goes_elsewhere(full: Collection[str]) -> ColumnElement[bool]:
    if not full:
        return true()
    return or_(jobs.destination.is_(None), jobs.destination.not_in(sorted(full)))


def _is_open(queue: str) -> ColumnElement[bool]:
    return ~exists().where(QueuePause.queue == queue)


def _age(row: Row[Any]) -> tuple[datetime, int]:
    return row.run_at, row.id


def renew(connection: Connection, held: Sequence[Claim], lease_seconds: float) -> set[int]:
    """Extend the leases of these claims, and of no others: what a process does not know that it
    holds must run out. Returns the ids of the jobs it still holds."""
    until = clock.now() + timedelta(seconds=lease_seconds)
    tokens = {claim.lease_token for claim in held}
    mine = (
        select(jobs.id)
        .where(jobs.id.in_([claim.id for claim in held]), jobs.lease_token.in_(tokens))
        .order_by(jobs.id)  # the order in which results lock them too
        .with_for_update()
        .cte("mine")
    )
    rows = connection.execute(
        update(_table)
        .where(jobs.id.in_(select(mine.c.id)))
        .values(lease_until=until)
        .returning(jobs.id)
    )
    return set(rows.scalars())


def hand_back(connection: Connection, claims: Iterable[Claim]) -> None:
    """Give back jobs that were not begun: free at once, and it counts as nothing. Where a job goes
    is kept if it was learned meanwhile."""
    alike: dict[tuple[str, str | None], list[int]] = {}
    for held in claims:
        alike.setdefault((held.lease_token, held.destination), []).append(held.id)
    for (token, destination), ids in alike.items():
        connection.execute(
            update(_table)
            .where(jobs.id.in_(ids), jobs.lease_token == token)
            .values(lease_token=None, lease_until=None, worker=None, claimed_at=None)
            .values(destination=destination)
        )


def next_due(connection: Connection, queue: str, *, full: Collection[str] = ()) -> Due | None:
    """The next free job of a queue that does not go to a destination that is `full`; None while the
    queue is paused."""
    row = connection.execute(
        select(jobs.run_at, jobs.losses)
        .where(jobs.queue == queue, jobs.lease_token.is_(None), ~jobs.held)
        .where(_goes_elsewhere(full), _is_open(queue))
        .order_by(jobs.run_at, jobs.id)
        .limit(1)
    ).first()
    return Due(row.run_at, row.losses >= ALONE_AFTER) if row else None


def alone_is_due(connection: Connection, queue: str) -> bool:
    """Whether a free, due job of a queue must have a process to itself."""
    waiting = exists().where(
        jobs.queue == queue,
        jobs.lease_token.is_(None),
        ~jobs.held,
        jobs.run_at <= clock.now(),
        jobs.losses >= ALONE_AFTER,
        _is_open(queue),
    )
    return bool(connection.execute(select(waiting)).scalar())


def expired(connection: Connection, dead: Collection[str] = (), limit: int = 200) -> list[Row[Any]]:
    """Jobs whose lease has run out, or is that of a worker known to be dead: (id, instance_id,
    lease_token, …), for `losses.give_back_expired`."""
    query: Select[Any] = (
        select(*_RETURNED, jobs.worker, jobs.claimed_at, jobs.lease_until)
        .where(jobs.lease_token.is_not(None), _has_run_out(clock.now(), dead))
        .order_by(jobs.instance_id)
        .limit(limit)
    )
    return [*connection.execute(query)]


def _has_run_out(at: datetime, dead: Collection[str]) -> ColumnElement[bool]:
    return or_(jobs.lease_until < at, jobs.worker.in_(sorted(dead)))


def still_leased(
    connection: Connection,
    ids: Iterable[int],
    until: datetime | None = None,
    dead: Collection[str] = (),
) -> dict[int, str]:
    """The lease tokens that these jobs carry now, locked until the transaction ends. With `until`
    only of leases that end before, or that are held by one of the `dead`."""
    query = select(jobs.id, jobs.lease_token).where(
        jobs.id.in_(sorted(ids)), jobs.lease_token.is_not(None)
    )
    if until is not None:
        query = query.where(_has_run_out(until, dead))
    rows = connection.execute(query.order_by(jobs.id).with_for_update())
    return {row.id: row.lease_token for row in rows}
