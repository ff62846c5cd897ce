"""Schedules start instances at their times, and say what became of each."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from app import transaction
from app.domain import (
    people,
    schedule_queries,
    schedule_starts,
    templates,
)
from app.models import NotificationDelivery, Schedule
from tests.support.looking import events_of, instance_of
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
    read,
    started_by,
    titles,
    wake,
)
from tests.support.workflows import AUTHOR, publish, task


@pytest.fixture(autouse=True)
def _a_monday_at_nine(app):
    publish(task("pack"))
    go_to(NINE)


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
    instance = instance_of(started_by(schedule)[0])
    assert instance.title == "For A on 2027-03-01"
    assert instance.started_by == "schedule:Report"
    first = events_of(instance.id)[0]
    assert first.kind == "instance.started"
    assert first.data == {"version": 1, "scheduleId": schedule, "fireAt": "2027-03-01T10:00:00Z"}


def test_the_date_in_a_title_is_that_of_the_schedules_zone(app):
    make_schedule(cron="0 8 * * *", timezone="Asia/Tokyo")
    fire_at(datetime(2027, 3, 1, 23, tzinfo=UTC))
    assert titles() == ["Report · 2027-03-02 08:00"]


def test_it_runs_on_the_newest_version_or_on_the_one_it_names(app):
    newest, pinned = make_schedule(), make_schedule(version=1)
    with transaction.writing() as session:
        templates.publish(session, 1, AUTHOR)
    fire_at(NINE + HOUR)
    assert instance_of(started_by(newest)[0]).version == 2
    assert instance_of(started_by(pinned)[0]).version == 1


@both_databases
def test_an_archived_template_makes_a_failed_fire_and_does_not_stop_the_schedule(app):
    publish(task("pack"), key="other")
    broken, sound = make_schedule(), make_schedule(templateKey="other")
    with transaction.writing() as session:
        templates.archive(session, 1, AUTHOR)
    fire_at(NINE + HOUR)
    fire_at(NINE + 2 * HOUR)
    assert outcomes(broken) == ["failed", "failed"]
    assert "This template is archived" in (fires(broken)[0].reason or "")
    assert outcomes(sound) == ["started", "started"]


def test_of_a_failed_fire_operators_and_its_author_are_told_once(app):
    for role in ("operator", "author"):
        with transaction.writing() as session:
            people.create_user(session, f"{role}@example.com", role, role, "long enough")
    make_schedule()
    with transaction.writing() as session:
        templates.archive(session, 1, AUTHOR)
    fire_at(NINE + HOUR)
    fire_at(NINE + 2 * HOUR)
    with transaction.reading() as session:
        told = session.scalars(select(NotificationDelivery.recipient)).all()
    assert sorted(told) == ["author@example.com", "operator@example.com"]


@both_databases
def test_a_fault_of_ours_in_one_schedule_stops_no_other(app, monkeypatch, caplog):
    bad, good = make_schedule(name="Bad"), make_schedule(name="Good")
    wish = schedule_starts._wish

    def stumble(fire):
        if fire.schedule.name == "Bad":
            raise ZeroDivisionError
        return wish(fire)

    monkeypatch.setattr(schedule_starts, "_wish", stumble)
    fire_at(NINE + HOUR)
    assert outcomes(bad) == ["failed"]
    assert outcomes(good) == ["started"]
    monkeypatch.undo()
    fire_at(NINE + 2 * HOUR)
    assert outcomes(bad) == ["failed", "started"]
    assert "Schedule 1 failed" in caplog.text


def test_jitter_is_the_same_for_whoever_asks_and_never_early(app):
    schedule = make_schedule(jitterSeconds=600)
    at = wake()
    assert NINE + HOUR < at < NINE + HOUR + timedelta(minutes=10)
    assert fire_at(at - timedelta(seconds=1)) == 0
    assert fire_at(at) == 1
    (row,) = fires(schedule)
    assert row.fire_at == NINE + HOUR
    assert row.late_seconds < 1
    assert wake() - (NINE + 2 * HOUR) != at - (NINE + HOUR)


def test_it_ends_with_its_count_or_its_end(app):
    counted = make_schedule(count=2)
    ended = make_schedule(until="2027-03-01T11:00:00Z")
    for hour in (1, 2, 3):
        fire_at(NINE + hour * HOUR)
    assert hours(counted) == hours(ended) == [10, 11]
    assert read(counted).next_at is None
    assert read(counted).next_occurrences == []
    assert nothing_is_due()


def test_intervals_count_from_the_time_of_saving_unless_told_otherwise(app):
    go_to(NINE + timedelta(seconds=7))
    schedule = make_schedule(everySeconds=600)
    assert read(schedule).start == NINE + timedelta(seconds=7)
    assert read(schedule).next_at == NINE + timedelta(minutes=10, seconds=7)


def test_a_start_that_lies_ahead_is_its_first_time(app):
    schedule = make_schedule(rrule="FREQ=DAILY", start="2027-03-04T08:15:00Z")
    assert read(schedule).next_at == datetime(2027, 3, 4, 8, 15, tzinfo=UTC)


@both_databases
def test_a_time_that_stands_there_already_does_not_fire_again(app):
    schedule = make_schedule()
    fire_at(NINE + HOUR)
    with transaction.writing() as session:
        row = session.get_one(Schedule, schedule)
        row.next_at = row.next_fire_at = NINE + HOUR
    assert fire() == 1
    assert hours(schedule) == [10]
    assert wake() == NINE + 2 * HOUR


@both_databases
def test_a_batch_is_limited_and_the_rest_follows(app):
    made = [make_schedule(name=f"Report {number}") for number in range(5)]
    go_to(NINE + HOUR)
    assert [fire(limit=2) for _ in range(4)] == [2, 2, 1, 0]
    assert all(outcomes(schedule) == ["started"] for schedule in made)


@both_databases
def test_the_last_fires_of_many_are_read_at_once(app):
    one, two = make_schedule(), make_schedule()
    for hour in range(1, 4):
        fire_at(NINE + hour * HOUR)
    with transaction.reading() as session:
        found = schedule_queries.recent_fires(session, [one, two], each=2)
    assert {key: [row.fire_at.hour for row in rows] for key, rows in found.items()} == {
        one: [11, 12],
        two: [11, 12],
    }
