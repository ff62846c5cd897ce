"""Schedules start instances at their times, and say what became of each."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from app import transaction
from app.domain import (
    firing,
    instances,
    people,
    schedule_queries,
    schedule_starts,
    schedules,
    templates,
)
from app.errors import Invalid, MoveNotAllowed, NotFound
from app.models import AuditEntry, NotificationDelivery, Schedule
from app.schemas.schedule import PauseIn
from tests.support.looking import events_of, instance_of
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
    started_by,
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


@pytest.mark.parametrize(
    ("wish", "path"),
    [
        ({"name": " "}, "name"),
        ({"cron": "0 0 30 2 *"}, "cron"),
        ({"cron": "* * * * * *"}, "cron"),
        ({"rrule": "FREQ=DAILY;INTERVAL=0"}, "rrule"),
        ({"rrule": "FREQ=SECONDLY"}, "rrule"),
        ({"rrule": "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30"}, "rrule"),
        ({"everySeconds": 59}, "everySeconds"),
        ({"timezone": "America"}, "timezone"),
        ({"templateKey": "nowhere"}, "templateKey"),
        ({"version": 7}, "version"),
        ({"title": "{{ input.nobody }}"}, "title"),
        ({"title": "{{ input.no body }}"}, "title"),
        ({"until": "2027-03-01T09:30:00Z"}, "until"),
        ({"jitterSeconds": 3600}, "jitterSeconds"),
        ({"start": "tomorrow"}, "start"),
        ({"start": "{{ input.at }}"}, "start"),
        ({"count": 0}, "count"),
        ({"overlap": "wait"}, "overlap"),
        ({"catchUp": "most"}, "catchUp"),
    ],
)
def test_what_makes_no_sense_is_refused_at_its_field(app, wish, path):
    assert path in refusal(**wish)


def test_all_faults_are_told_at_once(app):
    assert refusal(timezone="Mars", templateKey="nowhere", title="{{ input.x }}").keys() == {
        "timezone",
        "templateKey",
        "title",
    }


def test_input_is_checked_by_the_templates_schema_when_it_is_saved(app):
    publish(task("pack"), key="shop", **ORDER)
    assert refusal(templateKey="shop") == {"input.shop": "This is required."}
    assert make_schedule(templateKey="shop", input={"shop": "A"})


@both_databases
def test_an_archived_template_makes_a_failed_fire_and_does_not_stop_the_schedule(app):
    publish(task("pack"), key="other")
    broken, sound = make_schedule(), make_schedule(templateKey="other")
    with transaction.writing() as session:
        templates.archive(session, 1, AUTHOR)
    fire_at(NINE + HOUR)
    fire_at(NINE + 2 * HOUR)
    assert outcomes(broken) == ["failed", "failed"]
    assert fires(broken)[0].reason == "There is no such template."
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
def test_skip_starts_nothing_while_an_instance_is_open(app):
    schedule = make_schedule(overlap="skip")
    for hour in (1, 2):
        fire_at(NINE + hour * HOUR)
    end(schedule, 0)
    fire_at(NINE + 3 * HOUR)
    assert outcomes(schedule) == ["started", "skipped", "started"]
    assert fires(schedule)[1].reason == "What it started before is still open."


@both_databases
def test_allow_starts_beside_what_is_open(app):
    schedule = make_schedule(overlap="allow")
    for hour in (1, 2):
        fire_at(NINE + hour * HOUR)
    assert outcomes(schedule) == ["started", "started"]


@both_databases
def test_queue_starts_one_after_the_other(app):
    schedule = make_schedule(overlap="queue")
    for hour in (1, 2, 3):
        fire_at(NINE + hour * HOUR)
    assert outcomes(schedule) == ["started", "queued", "queued"]
    assert start_queued() == 0
    end(schedule, 0)
    assert start_queued() == 1
    assert start_queued() == 0
    assert outcomes(schedule) == ["started", "started", "queued"]
    end(schedule, 1)
    start_queued()
    assert outcomes(schedule) == ["started"] * 3
    assert titles()[-1] == "Report · 2027-03-01 12:00"


def test_a_time_that_comes_while_others_wait_waits_behind_them(app):
    schedule = make_schedule(overlap="queue")
    for hour in (1, 2):
        fire_at(NINE + hour * HOUR)
    end(schedule, 0)
    fire_at(NINE + 3 * HOUR)
    assert outcomes(schedule) == ["started", "queued", "queued"]


@both_databases
def test_cancel_old_cancels_what_is_open(app):
    schedule = make_schedule(overlap="cancel-old")
    for hour in (1, 2):
        fire_at(NINE + hour * HOUR)
    old, new = map(instance_of, started_by(schedule))
    assert (old.state, new.state) == ("CANCELLED", "RUNNING")
    cancelled = [event for event in events_of(old.id) if event.kind == "instance.cancelled"]
    assert cancelled[0].reason == "The schedule Report started the next one."


def test_cancel_old_starts_only_the_last_of_those_it_catches_up_on(app):
    schedule = make_schedule(overlap="cancel-old", catchUp="all")
    fire_at(NINE + timedelta(hours=3, minutes=30))
    assert outcomes(schedule) == ["skipped", "skipped", "started"]


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
    pause(schedule, until=NINE + 3 * HOUR)
    fire_at(NINE + 2 * HOUR)
    assert outcomes(schedule) == []
    assert wake() == NINE + 3 * HOUR
    fire_at(NINE + 3 * HOUR)
    assert hours(schedule) == [12]
    assert not read(schedule).paused


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


def test_a_deleted_schedule_is_gone_and_what_it_queued_does_not_start(app):
    schedule = make_schedule(overlap="queue")
    for hour in (1, 2):
        fire_at(NINE + hour * HOUR)
    with transaction.writing() as session:
        schedules.delete(session, schedule, AUTHOR)
    end(schedule, 0)
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


def test_who_did_what_is_written_down(app):
    schedule = make_schedule()
    pause(schedule, reason="holiday")
    change(schedule, name="Daily report")
    with transaction.reading() as session:
        rows = session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()
    assert [(row.action, row.actor) for row in rows] == [
        ("schedule.created", AUTHOR),
        ("schedule.paused", OPERATOR),
        ("schedule.changed", AUTHOR),
    ]
    assert rows[1].reason == "holiday"
    before, after = rows[2].before or {}, rows[2].after or {}
    assert (before["name"], after["name"]) == ("Report", "Daily report")


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


def end(schedule, place):
    """End the instance that this fire started."""
    with transaction.writing() as session:
        instances.cancel(session, started_by(schedule)[place], OPERATOR)


def start_queued():
    with transaction.writing() as session:
        return firing.start_queued(session)


def pause(schedule, **more):
    with transaction.writing() as session:
        schedules.pause(session, schedule, PauseIn(**more), OPERATOR)


def change(schedule, **given):
    with transaction.writing() as session:
        schedules.change(session, schedule, given, AUTHOR)


def read(schedule):
    with transaction.reading() as session:
        return schedule_queries.read(session, schedule)


def wake():
    """When somebody has to look again; there must be something to look for."""
    with transaction.reading() as session:
        at = firing.next_wake(session)
    assert at is not None
    return at


def nothing_is_due():
    with transaction.reading() as session:
        return firing.next_wake(session) is None
