"""When a time comes while what a schedule started before is still open."""

from datetime import timedelta

import pytest

from app import transaction
from app.domain import schedule_starts, templates
from tests.support.looking import events_of, instance_of
from tests.support.marks import both_databases
from tests.support.scheduling import (
    HOUR,
    NINE,
    end_instance,
    fire_at,
    fires,
    go_to,
    make_schedule,
    outcomes,
    start_queued,
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
def test_skip_starts_nothing_while_an_instance_is_open(app):
    schedule = make_schedule(overlap="skip")
    for hour in (1, 2):
        fire_at(NINE + hour * HOUR)
    end_instance(schedule, 0)
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
    end_instance(schedule, 0)
    assert start_queued() == 1
    assert start_queued() == 0
    assert outcomes(schedule) == ["started", "started", "queued"]
    end_instance(schedule, 1)
    start_queued()
    assert outcomes(schedule) == ["started"] * 3
    assert titles()[-1] == "Report · 2027-03-01 12:00"


def test_a_time_that_comes_while_others_wait_waits_behind_them(app):
    schedule = make_schedule(overlap="queue")
    for hour in (1, 2):
        fire_at(NINE + hour * HOUR)
    end_instance(schedule, 0)
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
def test_cancel_old_keeps_what_is_open_when_the_next_one_can_not_start(app):
    schedule = make_schedule(overlap="cancel-old")
    fire_at(NINE + HOUR)
    with transaction.writing() as session:
        templates.archive(session, 1, AUTHOR)
    fire_at(NINE + 2 * HOUR)
    assert outcomes(schedule) == ["started", "failed"]
    assert instance_of(started_by(schedule)[0]).state == "RUNNING"


@both_databases
def test_a_fault_of_ours_in_one_that_waited_costs_no_time_to_come(app, monkeypatch, caplog):
    schedule = make_schedule(overlap="queue")
    for hour in (1, 2, 3):
        fire_at(NINE + hour * HOUR)
    end_instance(schedule, 0)
    with monkeypatch.context() as patched:
        patched.setattr(schedule_starts, "_wish", lambda fire: 1 / 0)
        start_queued()
    assert outcomes(schedule) == ["started", "failed", "queued"]
    assert "Schedule 1 failed" in caplog.text
    start_queued()
    assert outcomes(schedule) == ["started", "failed", "started"]
    assert wake() == NINE + 4 * HOUR
