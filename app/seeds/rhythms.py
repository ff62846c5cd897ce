"""The demo schedules: one that has run for some nights, and one that rests."""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import clock
from app.domain import firing, schedules
from app.domain.schedule_times import plan_next
from app.models import Schedule, ScheduleFire
from app.schemas.schedule import PauseIn, ScheduleIn
from app.seeds import play

AUTHOR = "user:author@example.com"
OPERATOR = "user:operator@example.com"
NIGHTLY = "Nightly reconciliation"
TEMPLATE = "nightly-reconciliation"


def begin(session: Session, first_night: datetime) -> None:
    """Write both, before the first night comes."""
    play.go_to(first_night - timedelta(hours=9))
    nightly = {
        "name": NIGHTLY,
        "templateKey": TEMPLATE,
        "title": "Reconciliation, night of {{ fire.date }}",
        "cron": "0 2 * * *",
        "overlap": "allow",
        "catchUp": "all",
    }
    weekly = {
        "name": "Weekly dollar account",
        "templateKey": TEMPLATE,
        "title": "Dollar account, week to {{ fire.date }}",
        "input": {"account": "USD-1"},
        "cron": "0 6 * * MON",
        "timezone": "America/New_York",
        "overlap": "skip",
    }
    schedules.create(session, ScheduleIn.read(nightly), AUTHOR)
    resting = schedules.create(session, ScheduleIn.read(weekly), AUTHOR)
    pause = PauseIn(
        reason="The auditors have the account; nothing is posted until they are done.",
        until=play.present() + timedelta(days=12),
    )
    schedules.pause(session, resting.id, pause, OPERATOR)


def fire(session: Session) -> int:
    """What is due fires, as it would have then; the instance that it started."""
    firing.fire_due(session)
    newest = select(ScheduleFire.instance_id).order_by(ScheduleFire.id.desc()).limit(1)
    return session.scalars(newest).one() or 0


def go_on(session: Session) -> None:
    """From the present on; what was not told has not been missed."""
    for schedule in session.scalars(select(Schedule)):
        plan_next(schedule, clock.now())
