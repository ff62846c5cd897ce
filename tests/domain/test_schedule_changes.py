"""What people do with schedules: change them, copy them, delete them, run them by hand."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from app import transaction
from app.domain import schedules
from app.errors import Invalid, MoveNotAllowed, NotFound
from app.models import AuditEntry, Schedule
from app.schemas.schedule import PauseIn
from tests.support.marks import both_databases
from tests.support.scheduling import (
    HOUR,
    NINE,
    change,
    end_instance,
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
    start_queued,
    wake,
)
from tests.support.workflows import AUTHOR, OPERATOR, publish, task


@pytest.fixture(autouse=True)
def _a_monday_at_nine(app):
    publish(task("pack"))
    go_to(NINE)


def test_run_now_starts_beside_its_times_and_whatever_is_open(app):
    schedule = make_schedule(overlap="skip", count=1)
    pause(schedule)
    for _ in range(2):
        with transaction.writing() as session:
            schedules.run_now(session, schedule, OPERATOR, "asked for by phone")
    first, second = fires(schedule)
    assert (first.kind, first.outcome, first.actor) == ("run-now", "started", OPERATOR)
    assert first.instance_id != second.instance_id
    assert read(schedule).fired == 0


def test_a_change_of_its_words_keeps_its_next_time_and_one_of_its_rule_does_not(app):
    schedule = make_schedule(jitterSeconds=600)
    before = wake()
    change(schedule, name="Daily report")
    assert wake() == before
    change(schedule, rrule="FREQ=DAILY;BYHOUR=9;BYMINUTE=30;BYSECOND=0", jitterSeconds=0)
    assert read(schedule).cron is None
    assert wake() == NINE + timedelta(minutes=30)


def test_a_time_that_is_due_is_not_lost_when_its_words_are_changed(app):
    schedule = make_schedule()
    go_to(NINE + HOUR)
    change(schedule, name="Daily report")
    fire()
    assert hours(schedule) == [10]


@pytest.mark.parametrize(
    "given", [{"jitterSeconds": 0}, {"until": "2027-03-01T12:00:00Z"}, {"count": 9}, {"title": "A"}]
)
def test_a_time_that_jitter_puts_off_is_not_lost_when_something_beside_the_rule_changes(app, given):
    schedule = make_schedule(jitterSeconds=3599)
    go_to(NINE + HOUR + timedelta(seconds=1))
    change(schedule, **given)
    fire_at(NINE + 2 * HOUR - timedelta(seconds=1))
    assert hours(schedule) == [10]


def test_one_that_is_over_can_get_another_name_and_another_end(app):
    schedule = make_schedule(until="2027-03-01T11:00:00Z")
    for hour in (1, 2, 5):
        fire_at(NINE + hour * HOUR)
    assert nothing_is_due()
    change(schedule, name="Daily report")
    assert read(schedule).name == "Daily report"
    with pytest.raises(Invalid):
        change(schedule, until="2027-03-01T12:00:00Z")
    change(schedule, until="2027-03-02T00:00:00Z")
    assert wake() == NINE + 6 * HOUR


def test_a_change_of_its_rule_counts_from_now_on(app):
    schedule = make_schedule()
    go_to(NINE + 3 * HOUR + timedelta(minutes=20))
    change(schedule, cron="*/30 * * * *")
    assert fire() == 0
    assert wake() == NINE + 3 * HOUR + timedelta(minutes=30)


def test_a_deleted_schedule_is_gone_and_what_it_queued_does_not_start(app):
    schedule = make_schedule(overlap="queue")
    for hour in (1, 2):
        fire_at(NINE + hour * HOUR)
    with transaction.writing() as session:
        schedules.delete(session, schedule, AUTHOR)
    end_instance(schedule, 0)
    assert start_queued() == fire_at(NINE + 3 * HOUR) == 0
    assert outcomes(schedule) == ["started", "skipped"]
    with pytest.raises(NotFound):
        read(schedule)


def test_a_copy_rests_until_it_is_resumed(app):
    schedule = make_schedule()
    with transaction.writing() as session:
        copy = schedules.duplicate(session, schedule, OPERATOR).id
    assert read(copy).name == "Copy of Report"
    assert read(copy).paused
    fire_at(NINE + HOUR)
    assert (outcomes(schedule), outcomes(copy)) == (["started"], [])


@both_databases
def test_what_is_locked_is_read_again(app):
    schedule = make_schedule()
    with transaction.writing() as session:
        seen = schedules.find(session, schedule)
        others = update(Schedule).values(paused_at=NINE, paused_by=OPERATOR)
        session.execute(others, execution_options={"synchronize_session": False})
        with pytest.raises(MoveNotAllowed, match="has already paused it"):
            schedules.pause(session, seen.id, PauseIn.read({}), AUTHOR)


def test_who_did_what_is_written_down(app):
    schedule = make_schedule()
    pause(schedule, reason="holiday")
    change(schedule, name="Daily report")
    with transaction.reading() as session:
        query = select(AuditEntry).where(AuditEntry.subject == "schedule")
        rows = session.scalars(query.order_by(AuditEntry.id)).all()
    assert [(row.action, row.actor) for row in rows] == [
        ("schedule.created", AUTHOR),
        ("schedule.paused", OPERATOR),
        ("schedule.changed", AUTHOR),
    ]
    assert rows[1].reason == "holiday"
    before, after = rows[2].before or {}, rows[2].after or {}
    assert (before["name"], after["name"]) == ("Report", "Daily report")
