"""Policies: what they mean when they leave things out, and when they are told."""

from datetime import timedelta

import pytest

from app import clock
from app.domain import instances, overdue
from app.domain.outcomes import Outcome
from app.errors import Invalid
from app.schemas.base import zulu
from app.schemas.policies import InstancePolicy, NotificationPolicy
from tests.support.looking import change, do
from tests.support.notifying import cast, later, notify, policy, rows, told
from tests.support.workflows import (
    OPERATOR,
    begin,
    claim,
    publish,
    report_begun,
    report_ended,
    task,
    webhook,
)


@pytest.fixture(autouse=True)
def people(app):
    """Two operators, an author."""
    cast()


def test_what_a_policy_leaves_out_has_a_default():
    read = NotificationPolicy.read({"channel": "EMAIL", "trigger": "ON_READY"}).document()
    assert read["recipients"] == ["role:operator"]
    assert read["template"] == ""  # the trigger's own
    assert [read[name] for name in ("when", "delay", "runAt", "fallback", "remind")] == [None] * 5
    assert read["escalate"] == []


def test_a_word_stands_for_a_list_of_one_and_a_channel_for_a_fallback():
    read = NotificationPolicy.read(
        {"channel": "SMS", "trigger": "ON_READY", "recipients": "user:1", "fallback": "EMAIL"}
    ).document()
    assert read["recipients"] == ["user:1"]
    assert read["fallback"] == {"channel": "EMAIL", "recipients": None, "template": ""}


def test_the_trigger_s_own_template_says_it(app):
    do(told([{"channel": "EMAIL", "trigger": "ON_COMPLETED"}]), "complete", "pack")
    notify()
    assert {(row.recipient, row.template) for row in rows()} == {
        ("operator@example.com", "step-completed"),
        ("second@example.com", "step-completed"),
    }


def test_an_instance_keeps_the_policies_it_started_with(app):
    publish(task("pack", notificationPolicies=[policy(recipients=["user:1"])]), key="order")
    old = begin("order")
    publish(task("pack", notificationPolicies=[policy(recipients=["user:2"])]), key="again")
    new = begin("again")
    for instance in (old, new):
        do(instance, "complete", "pack")
    notify()
    assert [row.recipient for row in rows()] == ["operator@example.com", "second@example.com"]


@pytest.mark.parametrize("as_input", [False, True])
def test_run_at_is_kept(app, as_input):
    at = zulu(clock.now() + timedelta(hours=3))
    run_at = "{{ input.at }}" if as_input else at
    publish(task("pack", notificationPolicies=[policy(recipients=["user:1"], runAt=run_at)]))
    do(begin(at=at), "complete", "pack")
    assert notify() == []
    with later(hours=3, minutes=1):
        assert len(notify()) == 1


@pytest.mark.parametrize("given", [{}, {"at": "soon"}])
def test_a_time_that_can_not_be_read_keeps_nobody_from_being_told(app, given):
    told_then = policy(recipients=["user:1"], runAt="{{ input.at }}")
    publish(task("pack", notificationPolicies=[told_then]))
    do(begin(**given), "complete", "pack")
    notify()
    assert len(rows()) == 1


def test_a_try_that_will_be_made_again_is_told_as_a_retry(app):
    again = {"retry": {"maxAttempts": 2, "schedule": [60]}}
    told([policy("ON_RETRY", recipients=["user:1"])], step=webhook, key="charge", config=again)
    held = claim()
    report_begun(*held)
    report_ended(Outcome(verdict="retry", error="503"), *held)
    notify()
    assert [(row.trigger, row.template) for row in rows()] == [("ON_RETRY", "step-retry")]


def of_the_whole(*triggers: str, **more: str) -> None:
    publish(
        task("pack"),
        **more,
        notificationPolicies=[policy(trigger, "IN_APP", ["user:1"]) for trigger in triggers],
    )


def test_a_cancelled_instance_is_told_of(app):
    of_the_whole("ON_STARTED", "ON_COMPLETED", "ON_CANCELLED")
    instance = begin()
    change(instances.cancel, instance, OPERATOR, "nobody wants it")
    notify()
    assert [row.template for row in rows()] == ["instance-started", "instance-cancelled"]


def test_a_late_instance_is_told_of_once(app):
    of_the_whole("ON_OVERDUE", dueIn="PT1H")
    begin()
    with later(hours=2):
        for _ in range(2):
            change(overdue.note_overdue)
        notify()
    assert [row.template for row in rows()] == ["instance-overdue"]


@pytest.mark.parametrize(
    ("wrong", "path"),
    [
        ({"channel": "FAX"}, "channel"),
        ({"trigger": "ON_ATTENTION"}, "trigger"),
        ({"recipients": []}, "recipients"),
        ({"delay": "soon"}, "delay"),
        ({"delay": "PT1M", "runAt": "2030-01-31T09:00:00Z"}, ""),
        ({"runAt": "tomorrow"}, "runAt"),
        ({"remind": {"every": "PT1H"}}, "remind.times"),
        ({"escalate": [{"to": "user:1"}]}, "escalate.0.after"),
        ({"fallback": "PIGEON"}, "fallback.channel"),
        ({"when": {"all": [["input.total", "~", 1]]}}, "when"),
        ({"wen": {}}, "wen"),
    ],
)
def test_what_is_wrong_is_told_at_its_place(wrong, path):
    with pytest.raises(Invalid) as invalid:
        NotificationPolicy.read(policy("ON_READY") | wrong)
    assert invalid.value.errors[0].path.startswith(path)


def test_an_instance_reminds_nobody():
    with pytest.raises(Invalid):
        InstancePolicy.read(policy("ON_STARTED", remind={"every": "PT1H", "times": 1}))
