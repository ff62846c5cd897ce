"""What becomes of times at which nothing ran, or the schedule was paused."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from app import transaction
from app.domain import schedule_times, schedules
from app.errors import MoveNotAllowed
from app.models import AuditEntry
from app.schemas.base import zulu
from tests.support.marks import both_databases
from tests.support.scheduling import (
    HOUR,
    NINE,
    fire,
    fire_at,
    fires,
    go_to,
    hours,
    make_schedule,
    nothing_is_due,
    outcomes,
    pause,
    read,
    wake,
)
from tests.support.workflows import OPERATOR, publish, task


@pytest.fixture(autouse=True)
def _a_monday_at_nine(app):
    publish(task("pack"))
    go_to(NINE)


@both_databases
@pytest.mark.parametrize(
    ("catch_up", "started", "passed_over"),
    [
        ("skip", [], "3 times were missed"),
        ("one", [12], "2 times were missed"),
        ("all", [10, 11, 12], ""),
    ],
)
def test_after_three_hours_without_a_scheduler_it_does_what_catch_up_says(
    app, catch_up, started, passed_over
):
    schedule = make_schedule(catchUp=catch_up)
    fire_at(NINE + timedelta(hours=3, minutes=30))
    assert hours(schedule) == started
    skipped = [row.reason or "" for row in fires(schedule) if row.outcome == "skipped"]
    assert len(skipped) == bool(passed_over)
    assert all(reason.startswith(passed_over) for reason in skipped)
    fire_at(NINE + timedelta(hours=4))
    assert hours(schedule)[-1] == 13


def test_all_catches_up_on_24_times_at_most(app):
    schedule = make_schedule(catchUp="all", cron="*/5 * * * *")
    fire_at(NINE + timedelta(days=30, minutes=2))
    started = [row.fire_at for row in fires(schedule) if row.outcome == "started"]
    assert len(started) == 24
    assert started[-1] == NINE + timedelta(days=30)
    assert {row.kind for row in fires(schedule)} == {"catch-up"}


def test_less_than_a_minute_late_is_on_time_whatever_catch_up_says(app):
    schedule = make_schedule(catchUp="skip")
    fire_at(NINE + HOUR + timedelta(seconds=59))
    (row,) = fires(schedule)
    assert (row.kind, row.outcome) == ("due", "started")
    assert 59 <= row.late_seconds < 60


def test_with_one_a_run_that_is_due_anyway_stands_for_all_that_were_missed(app):
    schedule = make_schedule(catchUp="one")
    fire_at(NINE + 3 * HOUR)
    assert hours(schedule) == [12]


@both_databases
def test_a_paused_schedule_rests_until_it_is_resumed(app):
    schedule = make_schedule()
    pause(schedule, reason="holiday")
    assert fire_at(NINE + 2 * HOUR) == 0
    with pytest.raises(MoveNotAllowed, match="has already paused it"):
        pause(schedule)
    with transaction.writing() as session:
        schedules.resume(session, schedule, OPERATOR)
    assert fire() == 0
    fire_at(NINE + 3 * HOUR)
    assert hours(schedule) == [12]


@both_databases
def test_it_goes_on_by_itself_at_the_time_that_was_said(app):
    schedule = make_schedule()
    pause(schedule, until=zulu(NINE + 3 * HOUR))
    fire_at(NINE + 2 * HOUR)
    assert outcomes(schedule) == []
    assert wake() == NINE + 3 * HOUR
    fire_at(NINE + 3 * HOUR)
    assert hours(schedule) == [12]
    assert not read(schedule).paused


def test_times_beyond_its_count_are_none_that_it_missed(app):
    schedule = make_schedule(catchUp="all", count=2)
    fire_at(NINE + timedelta(hours=5, minutes=30))
    assert outcomes(schedule) == ["started", "started"]
    assert nothing_is_due()


def test_so_many_that_it_missed_are_not_counted_one_by_one(app):
    schedule = make_schedule(catchUp="skip", cron="* * * * *")
    fire_at(NINE + timedelta(days=3, seconds=30))
    skipped = [row.reason or "" for row in fires(schedule) if row.outcome == "skipped"]
    assert [reason.partition(" missed")[0] for reason in skipped] == ["999 or more times were"]


def test_a_time_that_jitter_puts_behind_a_later_one_is_not_lost(app, monkeypatch):
    schedule = make_schedule(catchUp="all")
    late = timedelta(minutes=70)
    monkeypatch.setattr(
        schedule_times, "jitter", lambda _, at: late if at.hour == 11 else timedelta(0)
    )
    fire_at(NINE + 3 * HOUR + timedelta(minutes=5))
    assert hours(schedule) == [10]
    fire_at(NINE + 2 * HOUR + late)
    assert hours(schedule) == [10, 11, 12]


def test_what_goes_on_by_itself_is_written_down_like_what_people_do(app):
    schedule = make_schedule()
    pause(schedule, until=zulu(NINE + HOUR))
    fire_at(NINE + HOUR)
    with transaction.reading() as session:
        query = select(AuditEntry).where(AuditEntry.subject == "schedule")
        rows = session.scalars(query.order_by(AuditEntry.id)).all()
    assert [(row.action, row.actor) for row in rows][1:] == [
        ("schedule.paused", OPERATOR),
        ("schedule.resumed", "system"),
    ]
