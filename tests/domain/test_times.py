"""Times of steps and instances: what has passed, and when something is late."""

from datetime import UTC, datetime, timedelta

import pytest

from app import clock, transaction
from app.domain.overdue import note_overdue
from app.errors import Invalid
from app.schemas.base import zulu
from tests.support.looking import do, instance_of, jobs, kinds, state_pair, states, step_of
from tests.support.marks import both_databases
from tests.support.workflows import begin, make_step, publish, task, webhook, work

LATER = datetime(2999, 1, 1, tzinfo=UTC)
PAST = "2001-01-01T00:00:00Z"


def timer(key, *depends_on, **config):
    return make_step(key, "WAIT_TIMER", depends_on, config, {})


@both_databases
@pytest.mark.parametrize(
    "late",
    [
        webhook("late", config={"runAt": PAST, "ifPast": "skip"}),
        timer("late", runAt=PAST, ifPast="skip"),
    ],
    ids=["webhook", "timer"],
)
def test_a_step_whose_time_has_passed_is_skipped_if_its_author_said_so(app, late):
    publish(late, task("next", "late"))
    instance_id = begin()
    assert states(instance_id) == {"late": "SKIPPED", "next": "READY"}
    assert step_of(instance_id, "late").reason == "its time, 2001-01-01 00:00:00 UTC, had passed"
    assert kinds(instance_id, "late") == ["step.skipped"]
    assert jobs() == []


def test_a_step_whose_time_has_passed_runs_at_once_otherwise(app):
    publish(webhook("late", config={"runAt": PAST, "ifPast": "run"}))
    instance_id = begin()
    assert state_pair(instance_id, "late") == ("READY", "QUEUED")


def test_a_time_to_come_is_waited_for_whatever_if_past_says(app):
    publish(webhook("later", config={"runAt": "{{ input.at }}", "ifPast": "skip"}))
    instance_id = begin(at=zulu(clock.now() + timedelta(hours=1)))
    assert state_pair(instance_id, "later") == ("READY", "SCHEDULED")
    clock.travel(timedelta(hours=2))
    assert work() == 1, "it was in time when the step became ready"


def test_either_run_at_or_delay(app):
    with pytest.raises(Invalid) as refusal:
        publish(webhook("send", config={"runAt": PAST, "delay": "PT1M"}))
    assert [fault.message for fault in refusal.value.errors] == ["Give either runAt or delay."]


@both_databases
def test_a_step_may_be_due_at_a_time(app):
    publish(task("pack", dueAt="{{ input.by }}"), task("ship", dueAt="2999-01-01T00:00:00Z"))
    by = clock.now() + timedelta(hours=3)
    instance_id = begin(by=zulu(by))
    assert step_of(instance_id, "pack").due_at == by
    assert step_of(instance_id, "ship").due_at == LATER

    clock.travel(timedelta(hours=4))
    with transaction.writing() as session:
        assert note_overdue(session) == 1
    assert kinds(instance_id, "pack")[-1] == "step.overdue"
    assert step_of(instance_id, "pack").overdue


def test_a_due_time_may_read_what_a_step_before_it_gave(app):
    publish(task("plan"), task("pack", "plan", dueAt="{{ steps.plan.output.by }}"))
    instance_id = begin()
    do(instance_id, "complete", "plan", output={"by": "2999-01-01T00:00:00Z"})
    assert step_of(instance_id, "pack").due_at == LATER


def test_a_due_time_that_leads_nowhere_fails_the_step_and_a_retry_goes_on_without(app):
    publish(task("pack", dueAt="{{ input.by }}"))
    instance_id = begin()
    assert step_of(instance_id, "pack").error == "input.by is missing"
    do(instance_id, "retry", "pack")
    assert state_pair(instance_id, "pack") == ("READY", "IDLE")


@both_databases
def test_an_instance_may_be_due_at_a_time(app):
    publish(task("pack"), dueAt="{{ input.by }}")
    by = clock.now() + timedelta(hours=3)
    instance_id = begin(by=zulu(by))
    assert instance_of(instance_id).due_at == by
    assert not instance_of(instance_id).overdue

    clock.travel(timedelta(hours=4))
    with transaction.writing() as session:
        assert note_overdue(session) == 1
    assert instance_of(instance_id).overdue
    assert kinds(instance_id)[-1] == "instance.overdue"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "input.by is missing"),
        ({"by": "soon"}, "dueAt: 'soon' is not a time; write 2026-01-31T09:00:00Z."),
    ],
)
def test_an_instance_whose_due_time_can_not_be_read_does_not_start(app, given, message):
    publish(task("pack"), dueAt="{{ input.by }}")
    with pytest.raises(Invalid) as refusal:
        begin(**given)
    assert [(fault.path, fault.message) for fault in refusal.value.errors] == [("input", message)]


@pytest.mark.parametrize(
    ("steps", "more", "path", "message"),
    [
        ([task("a", dueIn="P1D", dueAt=PAST)], {}, "steps.0", "Give either dueIn or dueAt."),
        ([task("a")], {"dueIn": "P1D", "dueAt": PAST}, "", "Give either dueIn or dueAt."),
        (
            [task("a")],
            {"dueAt": "{{ steps.a.output.by }}"},
            "dueAt",
            "steps.a.output.by: there is nothing but the input when an instance starts.",
        ),
    ],
)
def test_a_due_time_that_makes_no_sense_is_refused_at_save(app, steps, more, path, message):
    with pytest.raises(Invalid) as refusal:
        publish(*steps, **more)
    assert [(fault.path, fault.message) for fault in refusal.value.errors] == [(path, message)]


@pytest.mark.parametrize(
    ("recurrence", "path", "message"),
    [
        ({"cron": "0 0 30 2 *", "count": 1}, ".cron", "never comes"),
        ({"cron": "0 9 * * *", "count": 1, "timezone": "Europe/Bärlin"}, ".timezone", "Bärlin"),
        ({"cron": "61 * * * *", "count": 1}, ".cron", ""),
        ({"rrule": "FREQ=SECONDLY", "count": 1}, ".rrule", ""),
        ({"rrule": "FREQ=DAILY;INTERVAL=0", "count": 1}, ".rrule", ""),
        ({"cron": "0 9 * * *", "until": PAST}, ".until", "It ends before its first occurrence."),
        ({"cron": "0 9 * * *"}, "", "A recurrence needs an end: until or count."),
        ({"everySeconds": 0, "count": 1}, ".everySeconds", ""),
    ],
)
def test_a_recurrence_that_makes_no_sense_is_refused_at_its_field(app, recurrence, path, message):
    with pytest.raises(Invalid) as refusal:
        publish(webhook("send", config={"recurrence": recurrence}))
    (fault,) = refusal.value.errors
    assert fault.path == f"steps.0.actionConfig.recurrence{path}"
    assert message in fault.message
