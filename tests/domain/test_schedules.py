"""Schedules start instances at their times, and say what became of each."""

from datetime import UTC, datetime, timedelta

import pytest

from app import clock, transaction
from app.domain import firing, instances, schedule_queries, schedules, templates
from app.errors import Invalid, MoveNotAllowed, NotFound
from app.models import Schedule
from app.schemas.schedule import PauseIn, ScheduleIn
from tests.support.marks import both_databases
from tests.support.scheduling import (
    NINE,
    fire,
    fire_at,
    fires,
    go_to,
    hours,
    make_schedule,
    outcomes,
    titles,
)
from tests.support.workflows import AUTHOR, OPERATOR, publish, task

HOUR = timedelta(hours=1)
ORDER = {"inputSchema": {"type": "object", "required": ["shop"], "properties": {"shop": {}}}}


@pytest.fixture(autouse=True)
def _a_monday_at_nine(app):
    publish(task("pack"))
    go_to(NINE)


def refusal(**more):
    with pytest.raises(Invalid) as refused:
        make_schedule(**more)
    return {fault.path: fault.message for fault in refused.value.errors}


@both_databases
def test_it_starts_an_instance_at_each_of_its_times(app):
    schedule = make_schedule()
    assert fire() == 0
    for hour in (1, 2, 3):
        assert fire_at(NINE + hour * HOUR) == 1
        assert fire() == 0
    assert hours(schedule) == [10, 11, 12]
    assert titles() == [f"Report · 2027-03-01 {hour}:00" for hour in (10, 11, 12)]
    assert fires(schedule)[0].late_seconds < 1


def test_an_instance_says_which_schedule_started_it_and_for_when(app):
    schedule = make_schedule(title="For {{ input.shop }} on {{ fire.date }}", input={"shop": "A"})
    fire_at(NINE + HOUR)
    with transaction.reading() as session:
        row = fires(schedule)[0].instance
        from app.domain import queries

        instance = queries.read_instance(session, fires(schedule)[0].instance_id)
        (first, *_), _ = queries.list_events(session, instance.id, after=0)
    assert row is None or row.id == instance.id
    assert instance.title == "For A on 2027-03-01"
    assert instance.started_by == "schedule:Report"
    assert first.data == {"version": 1, "scheduleId": schedule, "fireAt": "2027-03-01T10:00:00Z"}
