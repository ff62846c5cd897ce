"""Schedules in one's hand, and a clock to move, for tests that need no scheduler."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select, update

from app import clock, transaction
from app.domain import firing, instances, queued_fires, schedule_queries, schedules
from app.models import BrowserSession, ScheduleFire, WorkflowInstance
from app.schemas.schedule import PauseIn, ScheduleIn, ScheduleOut
from tests.support.workflows import AUTHOR, OPERATOR

NINE = datetime(2027, 3, 1, 9, 0, tzinfo=UTC)  # a Monday
HOUR = timedelta(hours=1)


def go_to(moment: datetime) -> None:
    """Set this process's clock. Whoever has signed in is still signed in then."""
    clock.travel(timedelta(0))
    clock.travel(moment - clock.now())
    with transaction.writing() as session:
        session.execute(update(BrowserSession).values(created_at=moment))


def make_schedule(**more: Any) -> int:
    """A schedule that runs each hour, unless told otherwise; returns its id."""
    rule = {} if {"cron", "rrule", "everySeconds"} & more.keys() else {"cron": "0 * * * *"}
    document = {"name": "Report", "templateKey": "order", "overlap": "allow"} | rule | more
    with transaction.writing() as session:
        return schedules.create(session, ScheduleIn.read(document), AUTHOR).id


def fire(limit: int = firing.BATCH) -> int:
    """Fire what is due, as the scheduler does."""
    with transaction.writing() as session:
        return firing.fire_due(session, limit)


def fire_at(moment: datetime) -> int:
    go_to(moment)
    return fire()


def fires(schedule_id: int) -> list[ScheduleFire]:
    """What became of its times, in their order."""
    query = select(ScheduleFire).where(ScheduleFire.schedule_id == schedule_id)
    with transaction.reading() as session:
        return list(session.scalars(query.order_by(ScheduleFire.fire_at)))


def outcomes(schedule_id: int) -> list[str]:
    return [str(row.outcome) for row in fires(schedule_id)]


def hours(schedule_id: int, outcome: str = "started") -> list[int]:
    """The hours of the times with this outcome."""
    return [row.fire_at.hour for row in fires(schedule_id) if row.outcome == outcome]


def started_by(schedule_id: int) -> list[int]:
    """The instances that it started, in the order of their times."""
    return [row.instance_id for row in fires(schedule_id) if row.instance_id is not None]


def titles() -> list[str]:
    """Of all instances, the oldest first."""
    with transaction.reading() as session:
        return list(session.scalars(select(WorkflowInstance.title).order_by(WorkflowInstance.id)))


def end_instance(schedule_id: int, place: int) -> None:
    """End the instance that this fire started, the first being 0."""
    with transaction.writing() as session:
        instances.cancel(session, started_by(schedule_id)[place], OPERATOR)


def start_queued() -> int:
    """Start what waits and may go on, as the tick does."""
    with transaction.writing() as session:
        return queued_fires.start_queued(session)


def pause(schedule_id: int, **more: Any) -> None:
    with transaction.writing() as session:
        schedules.pause(session, schedule_id, PauseIn.read(more), OPERATOR)


def change(schedule_id: int, **given: Any) -> None:
    with transaction.writing() as session:
        schedules.change(session, schedule_id, given, AUTHOR)


def read(schedule_id: int) -> ScheduleOut:
    with transaction.reading() as session:
        return schedule_queries.read(session, schedule_id)


def wake() -> datetime:
    """When somebody has to look again; there must be something to look for."""
    with transaction.reading() as session:
        at = firing.next_wake(session)
    assert at is not None
    return at


def nothing_is_due() -> bool:
    with transaction.reading() as session:
        return firing.next_wake(session) is None
