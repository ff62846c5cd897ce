"""What a schedule does when its time comes while what it started before is still open."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import exists, func, select, update
from sqlalchemy.orm import Session, aliased

from app.domain import lifecycle
from app.domain.ledger import changing
from app.domain.records import FINISHED_INSTANCE
from app.models import Schedule, ScheduleFire, WorkflowInstance
from app.models.vocabulary import FireKind, FireOutcome, Overlap

MOST_QUEUED = 100
_fire, _instance = ScheduleFire, WorkflowInstance


@dataclass(slots=True, eq=False)
class Fire:
    """One time of a schedule on its way: what becomes of it, and why. `replaces`: the instances
    that are cancelled if it starts."""

    schedule: Schedule
    at: datetime
    kind: FireKind
    outcome: FireOutcome = FireOutcome.STARTED
    reason: str | None = None
    instance_id: int | None = None
    replaces: list[int] = field(default_factory=list[int])


def decide(session: Session, fires: Iterable[Fire]) -> None:
    """Say which of these fires start, wait or are skipped, in the order of their times, and what
    they replace. Their schedules are locked."""
    by_schedule: dict[int, list[Fire]] = defaultdict(list)
    for fire in fires:
        if fire.schedule.overlap != Overlap.ALLOW:
            by_schedule[fire.schedule.id].append(fire)
    if not by_schedule:
        return
    opened = open_instances(session, by_schedule)
    queued = _queued(session, by_schedule)
    for schedule_id, ours in by_schedule.items():
        busy, waiting = bool(opened[schedule_id]), queued[schedule_id]
        for fire in ours:
            _decide(fire, busy, waiting, is_last=fire is ours[-1])
            busy = busy or fire.outcome == FireOutcome.STARTED
            waiting += fire.outcome == FireOutcome.QUEUED
        if ours[0].schedule.overlap == Overlap.CANCEL_OLD:
            ours[-1].replaces = opened[schedule_id]


def _decide(fire: Fire, busy: bool, waiting: int, *, is_last: bool) -> None:
    match fire.schedule.overlap:
        case Overlap.SKIP if busy:
            fire.outcome = FireOutcome.SKIPPED
            fire.reason = "What it started before is still open."
        case Overlap.QUEUE if waiting >= MOST_QUEUED:
            fire.outcome = FireOutcome.SKIPPED
            fire.reason = f"{MOST_QUEUED} of its times wait already."
        case Overlap.QUEUE if busy or waiting:
            fire.outcome = FireOutcome.QUEUED
            fire.reason = "It waits until what was started before has ended."
        case Overlap.CANCEL_OLD if not is_last:
            fire.outcome = FireOutcome.SKIPPED
            fire.reason = "A later time came with it and would have cancelled it."
        case _:
            pass


def open_instances(session: Session, schedule_ids: Collection[int]) -> dict[int, list[int]]:
    """The open instances that these schedules started, by schedule."""
    query = (
        select(_fire.id, _fire.schedule_id, _fire.instance_id, _instance.state)
        .join(_instance, _instance.id == _fire.instance_id, isouter=True)
        .where(_fire.schedule_id.in_(schedule_ids), ~_fire.settled)
        .where(_fire.outcome == FireOutcome.STARTED)
    )
    found: dict[int, list[int]] = defaultdict(list)
    ended: list[int] = []
    for row in session.execute(query):
        if row.state is None or row.state in FINISHED_INSTANCE:
            ended.append(row.id)
        else:
            found[row.schedule_id].append(row.instance_id)
    if ended:
        session.execute(update(_fire).where(_fire.id.in_(ended)).values(settled=True))
    return found


def _queued(session: Session, schedule_ids: Collection[int]) -> Counter[int]:
    query = (
        select(_fire.schedule_id, func.count().label("number"))
        .where(_fire.outcome == FireOutcome.QUEUED, _fire.schedule_id.in_(schedule_ids))
        .group_by(_fire.schedule_id)
    )
    return Counter({row.schedule_id: row.number for row in session.execute(query)})


def cancel_replaced(session: Session, started: Iterable[Fire], actor: str) -> None:
    """Cancel what these fires replace. They have started: what is open is not given up for one
    that could not."""
    why = {
        instance_id: f"The schedule {fire.schedule.name} started the next one."
        for fire in started
        for instance_id in fire.replaces
    }
    if not why:
        return
    with changing(session, why, actor) as ledger:
        for instance in ledger.instances.values():
            if not instance.is_finished:
                lifecycle.cancel(ledger, instance, why[instance.id or 0])


def may_go_on(session: Session, limit: int) -> list[int]:
    """Schedules with a queued time whose turn has come."""
    started = aliased(ScheduleFire)
    still_open = (
        exists()
        .where(started.schedule_id == _fire.schedule_id, ~started.settled)
        .where(started.outcome == FireOutcome.STARTED)
        .where(_instance.id == started.instance_id, _instance.state.not_in(FINISHED_INSTANCE))
    )
    query = (
        select(_fire.schedule_id)
        .join(Schedule, Schedule.id == _fire.schedule_id)
        .where(_fire.outcome == FireOutcome.QUEUED, ~still_open)
        .where(Schedule.paused_at.is_(None))
        .group_by(_fire.schedule_id)
        .limit(limit)
    )
    return list(session.scalars(query))
