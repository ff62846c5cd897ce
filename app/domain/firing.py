"""Schedules fire: what is due starts its instances, each time once.

The row of a fire, which is unique per schedule and time, and the instance it starts are written
in one transaction, under the schedule's lock. So any number of processes may do this at once.
"""

import logging
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from app import clock
from app.domain import audit, counting, overlaps, schedule_alerts, schedule_starts, tallies
from app.domain.overlaps import Fire
from app.domain.schedule_times import ON_TIME, Due, due_times, jitter, plan_next
from app.models import Schedule, ScheduleFire
from app.models.vocabulary import FireKind, FireOutcome

BATCH = 100  # schedules in one transaction
ACTOR = "system"
OUR_FAULT = "Runsheet made a mistake; see its log."
_schedule, _fire = Schedule, ScheduleFire
_TINY = timedelta(microseconds=1)
log = logging.getLogger(__name__)


def next_wake(session: Session) -> datetime | None:
    """When the next schedule is due or to be resumed, perhaps in the past."""
    # Each on its own: SQLite looks into an index for one minimum, and reads the table for two.
    columns = (_schedule.next_fire_at, _schedule.resume_at)
    firsts = (select(func.min(column)).scalar_subquery() for column in columns)
    times = session.execute(select(*firsts)).one()
    return min((at for at in times if at is not None), default=None)


def fire_due(session: Session, limit: int = BATCH) -> int:
    """Fire what is due, `limit` schedules at most; returns how many there were."""
    now = clock.now()
    _resume_due(session, now, limit)
    query = select(_schedule).where(_schedule.next_fire_at <= now).order_by(_schedule.next_fire_at)
    due = session.scalars(query.limit(limit).with_for_update(skip_locked=True)).all()
    together_or_alone(session, due, lambda some: _fire_all(session, some, now), _give_up)
    return len(due)


def _resume_due(session: Session, now: datetime, limit: int) -> None:
    query = select(_schedule).where(_schedule.resume_at <= now).limit(limit)
    for schedule in session.scalars(query.with_for_update(skip_locked=True)):
        resumed_at = schedule.resume_at or now
        end_pause(schedule)
        # A time at the very moment of resuming is one of its times again.
        plan_next(schedule, resumed_at - _TINY)
        audit.record(session, ACTOR, "schedule.resumed", "schedule", str(schedule.id))


def end_pause(schedule: Schedule) -> None:
    """Forget that it was paused."""
    schedule.paused_at = schedule.paused_by = schedule.pause_reason = schedule.resume_at = None


def together_or_alone(
    session: Session,
    schedules: Sequence[Schedule],
    fire: Callable[[Sequence[Schedule]], None],
    give_up: Callable[[Session, Schedule], None],
) -> None:
    """Fire all of them at once; if that meets with a fault of ours, one by one, so that one does
    not keep the others from starting. The one that is at fault is given up for this time."""
    try:
        with tallies.savepoint(session):
            fire(schedules)
        return
    except OperationalError:
        raise
    except Exception:
        if len(schedules) > 1:
            log.exception("A batch of %s schedules failed; firing one by one", len(schedules))
            for schedule in schedules:
                together_or_alone(session, [schedule], fire, give_up)
            return
        log.exception("Schedule %s failed", schedules[0].id)
    give_up(session, schedules[0])


def _give_up(session: Session, schedule: Schedule) -> None:
    """It goes on with its next time."""
    now = clock.now()
    at = schedule.next_at or now
    fire = Fire(schedule, at, FireKind.DUE, FireOutcome.FAILED, OUR_FAULT)
    if _not_yet_fired(session, [fire]):
        _write(session, [fire], now)
        schedule.count += 1
    plan_next(schedule, max(now, at))


def _fire_all(session: Session, due: Sequence[Schedule], now: datetime) -> None:
    fires: list[Fire] = []
    for schedule in due:
        fires += _take_times(schedule, now)
    fires = _not_yet_fired(session, fires)
    overlaps.decide(session, _to_start(fires))
    schedule_starts.start(session, _to_start(fires))
    overlaps.cancel_replaced(session, _to_start(fires), ACTOR)
    _write(session, fires, now)


def _to_start(fires: Iterable[Fire]) -> list[Fire]:
    return [fire for fire in fires if fire.outcome == FireOutcome.STARTED]


def _take_times(schedule: Schedule, now: datetime) -> list[Fire]:
    """Its times that have come, and its next one noted."""
    due = due_times(schedule, now)
    fires = [Fire(schedule, at, _kind(schedule, at, now)) for at in due.wanted]
    if due.passed_over:
        fires.append(_passed_over(schedule, due))
    schedule.count += len(due.wanted)
    plan_next(schedule, due.last or now)
    return fires


def _kind(schedule: Schedule, at: datetime, now: datetime) -> FireKind:
    on_time = now - at - jitter(schedule, at) <= ON_TIME
    return FireKind.DUE if on_time else FireKind.CATCH_UP


def _passed_over(schedule: Schedule, due: Due) -> Fire:
    """One line for all that it missed, at the last of them."""
    times, more = due.passed_over, " or more" if due.or_more else ""
    number = f"{len(times)}{more} times were" if len(times) > 1 else "This time was"
    reason = f"{number} missed while nothing ran; catch-up is {schedule.catch_up}."
    return Fire(schedule, times[-1], FireKind.CATCH_UP, FireOutcome.SKIPPED, reason)


def _not_yet_fired(session: Session, fires: list[Fire]) -> list[Fire]:
    """Without those that stand there already, as when the clock was set back. The unique pair
    would refuse them, and with them all others of this transaction."""
    query = select(_fire.schedule_id, _fire.fire_at).where(
        _fire.schedule_id.in_({fire.schedule.id for fire in fires}),
        _fire.fire_at.in_({fire.at for fire in fires}),
    )
    known = {(row.schedule_id, row.fire_at) for row in session.execute(query)}
    return [fire for fire in fires if (fire.schedule.id, fire.at) not in known]


def _write(session: Session, fires: Iterable[Fire], now: datetime) -> None:
    rows = [row_of(fire, now) for fire in fires]
    session.add_all(rows)
    session.flush()
    counting.fired(session, rows)
    schedule_alerts.tell(session, [row for row in rows if row.outcome == FireOutcome.FAILED])


def row_of(fire: Fire, now: datetime, actor: str | None = None) -> ScheduleFire:
    """A fire as it is kept."""
    due = fire.at + (
        jitter(fire.schedule, fire.at) if fire.kind != FireKind.RUN_NOW else timedelta(0)
    )
    return ScheduleFire(
        schedule_id=fire.schedule.id,
        fire_at=fire.at,
        kind=fire.kind,
        outcome=fire.outcome,
        reason=fire.reason,
        actor=actor,
        instance_id=fire.instance_id,
        settled=fire.outcome in (FireOutcome.SKIPPED, FireOutcome.FAILED),
        late_seconds=round(max((now - due).total_seconds(), 0.0), 3),
        created_at=now,
    )
