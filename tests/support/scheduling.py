"""Schedules in one's hand, and a clock to move, for tests that need no scheduler."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select

from app import clock, transaction
from app.domain import firing, schedules
from app.models import ScheduleFire, WorkflowInstance
from app.schemas.schedule import ScheduleIn
from tests.support.workflows import AUTHOR

NINE = datetime(2027, 3, 1, 9, 0, tzinfo=UTC)  # a Monday


def go_to(moment: datetime) -> None:
    """Set this process's clock."""
    clock.travel(timedelta(0))
    clock.travel(moment - clock.now())


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
