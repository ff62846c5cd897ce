"""Times of schedules that wait until what was started before has ended."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import clock
from app.domain import overlaps, schedule_alerts, schedule_starts
from app.domain.firing import BATCH, OUR_FAULT, together_or_alone
from app.domain.overlaps import Fire
from app.models import Schedule, ScheduleFire
from app.models.vocabulary import FireKind, FireOutcome

_schedule, _fire = Schedule, ScheduleFire


def start_queued(session: Session, limit: int = BATCH) -> int:
    """Start the eldest queued time of each schedule that has nothing open any more."""
    ids = overlaps.may_go_on(session, limit)
    if not ids:
        return 0
    query = select(_schedule).where(_schedule.id.in_(ids)).order_by(_schedule.id)
    free = session.scalars(query.with_for_update(skip_locked=True)).all()
    for schedule in free:
        together_or_alone(session, [schedule], lambda some: _start_eldest(session, some[0]), _fail)
    return len(free)


def _start_eldest(session: Session, schedule: Schedule) -> None:
    if overlaps.open_instances(session, [schedule.id])[schedule.id]:
        return  # another process was quicker
    row = _eldest(session, schedule)
    if row is None:
        return
    fire = Fire(schedule, row.fire_at, FireKind(row.kind))
    schedule_starts.start(session, [fire])
    row.instance_id = fire.instance_id
    _end_its_wait(session, row, fire.outcome, fire.reason)


def _fail(session: Session, schedule: Schedule) -> None:
    """It would fail in the same way again: what waits behind it has its turn."""
    row = _eldest(session, schedule)
    if row is not None:
        _end_its_wait(session, row, FireOutcome.FAILED, OUR_FAULT)


def _eldest(session: Session, schedule: Schedule) -> ScheduleFire | None:
    queued = (_fire.schedule_id == schedule.id, _fire.outcome == FireOutcome.QUEUED)
    return session.scalar(select(_fire).where(*queued).order_by(_fire.fire_at).limit(1))


def _end_its_wait(
    session: Session, row: ScheduleFire, outcome: FireOutcome, reason: str | None
) -> None:
    row.outcome, row.reason = outcome, reason
    row.settled = outcome == FireOutcome.FAILED
    row.late_seconds = round((clock.now() - row.fire_at).total_seconds(), 3)
    session.flush()
    schedule_alerts.tell(session, [row] if row.settled else [])
