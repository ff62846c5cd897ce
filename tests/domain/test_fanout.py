"""Who is told what: policies × triggers × recipients, each notice once, each delivery once."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from app import clock, transaction
from app.domain import fanout, losses, overdue
from app.domain.outcomes import Outcome
from app.models import InboxMessage, Notice, User
from app.models.vocabulary import NOTIFICATION_QUEUE, DeliveryState
from tests.support.looking import do, kinds
from tests.support.marks import both_databases
from tests.support.notifying import (
    cast,
    later,
    log,
    notify,
    policy,
    recipients,
    rows,
    send,
    told,
)
from tests.support.workflows import begin, claim, publish, report_begun, report_ended, task, webhook

NOTHING_IS_SET_UP = {"EMAIL": "No mail server is set up (SMTP_URL)."}


@pytest.fixture(autouse=True)
def people(app):
    cast()


@both_databases
def test_everybody_with_the_role_is_told_once(app):
    instance = told([policy(recipients=["role:operator", "user:1", "operator@example.com"])])
    do(instance, "complete", "pack")
    notify()
    assert recipients() == ["operator@example.com", "second@example.com"]
    send()
    assert {row.state for row in rows()} == {DeliveryState.SENT}
    assert kinds(instance).count("notification.sent") == 2


def test_addresses_placeholders_assignee_and_starter_are_found(app):
    named = ["{{ input.email }}", "assignee", "starter", "{{ input.nobody }}"]
    instance = told([policy(recipients=named)], assignee="user:author@example.com")
    do(instance, "complete", "pack")
    notify()
    assert recipients() == [
        "customer@elsewhere.example",
        "author@example.com",
        "operator@example.com",  # who started it
        "{{ input.nobody }}",
    ]
    assert rows()[-1].state == DeliveryState.SKIPPED
    assert rows()[-1].reason == "input.nobody is missing."


def test_what_input_says_is_an_address_and_never_a_role(app):
    publish(task("pack", notificationPolicies=[policy(recipients=["{{ input.who }}"])]))
    instance = begin(who="role:operator")
    do(instance, "complete", "pack")
    notify()
    assert [(row.state, row.recipient) for row in rows()] == [("SKIPPED", "role:operator")]


@pytest.mark.parametrize(
    ("why", "not_ready", "change"),
    [
        ("No mail server is set up (SMTP_URL).", NOTHING_IS_SET_UP, {}),
        ("They have turned Email off.", {}, {"channels_off": ["EMAIL"]}),
    ],
)
def test_what_can_not_be_sent_is_skipped_with_its_reason(app, why, not_ready, change):
    instance = told([policy(recipients=["user:1"])])
    with transaction.writing() as session:
        for name, value in change.items():
            setattr(session.get_one(User, 1), name, value)
    do(instance, "complete", "pack")
    notify(not_ready)
    assert [(row.state, row.reason) for row in rows()] == [("SKIPPED", why)]
    assert "notification.skipped" in kinds(instance)


@both_databases
@pytest.mark.parametrize("named", ["Second@example.com", "{{ input.email }}"])
def test_who_may_not_come_any_more_is_not_told_by_their_address_either(app, named):
    publish(task("pack", notificationPolicies=[policy(recipients=[named])]))
    instance = begin(email="second@example.com")
    with transaction.writing() as session:
        gone = select(User).where(User.email == "second@example.com")
        session.scalars(gone).one().active = False
    do(instance, "complete", "pack")
    notify()
    (row,) = rows()
    assert (row.state, row.reason) == ("SKIPPED", f"{row.recipient} may not come any more.")
    assert row.recipient.lower() == "second@example.com"
    assert send() == []


def test_what_is_put_off_is_sent_later_and_says_until_when_and_why(app, monkeypatch):
    """Nothing is yet; quiet hours and digests will be."""
    until = clock.now() + timedelta(hours=8)
    quiet = fanout.Decision("defer", "They have quiet hours.", until)
    monkeypatch.setattr(fanout, "decide", lambda *_: quiet)
    do(told([policy(recipients=["user:1"])]), "complete", "pack")
    notify()
    assert send() == []
    (row,) = rows()
    assert (row.state, row.reason) == (DeliveryState.QUEUED, "They have quiet hours.")
    assert row.next_attempt_at == until
    with later(hours=8, minutes=1):
        assert len(send()) == 1
    assert rows()[0].state == DeliveryState.SENT


def test_a_person_without_a_phone_is_skipped_and_the_fallback_is_tried(app):
    fallback = {"channel": "IN_APP"}
    instance = told([policy(channel="SMS", recipients=["user:1"], fallback=fallback)])
    do(instance, "complete", "pack")
    notify()
    first, second = rows()
    assert (first.state, first.channel) == ("SKIPPED", "SMS")
    assert (second.state, second.channel, second.fallback_of) == ("QUEUED", "IN_APP", first.id)


def test_the_fallback_follows_the_last_failure(app):
    fallback = {"channel": "EMAIL", "recipients": ["author@example.com"]}
    instance = told([policy(recipients=["user:1"], fallback=fallback)])
    do(instance, "complete", "pack")
    notify()
    send(Outcome(verdict="failed", error="550 no such user"))
    first, second = rows()
    assert (first.state, first.reason) == ("FAILED", "550 no such user")
    assert (second.recipient, second.fallback_of) == ("author@example.com", first.id)
    assert kinds(instance).count("notification.failed") == 1
    send(Outcome(verdict="failed", error="550 neither"))
    assert len(rows()) == 2


def test_transient_failures_are_tried_again(app):
    instance = told([policy(recipients=["user:1"])])
    do(instance, "complete", "pack")
    notify()
    send(Outcome(verdict="retry", error="451 later"))
    assert rows()[0].state == DeliveryState.QUEUED
    assert rows()[0].next_attempt_at is not None
    with later(days=1):
        send()
    assert rows()[0].state == DeliveryState.SENT
    assert [row.outcome for row in log()] == ["retry", "succeeded"]


def test_a_condition_is_looked_at_when_it_is_sent(app):
    when = {"all": [["input.email", "=", "nobody@example.com"]]}
    instance = told([policy(when=when)])
    do(instance, "complete", "pack")
    notify()
    assert rows() == []
    with transaction.reading() as session:
        notice = session.scalars(select(Notice)).one()
        assert notice.expanded_at is not None
        assert "input.email" in (notice.reason or "")


def test_a_delay_is_kept(app):
    instance = told([policy(delay="PT10M")])
    do(instance, "complete", "pack")
    assert notify() == []
    with later(minutes=10, seconds=1):
        assert len(notify()) == 1


def test_nobody_fails_in_silence(app):
    instance = told([], step=webhook, key="charge", config={"retry": {"maxAttempts": 1}})
    held = claim()
    report_begun(*held)
    report_ended(Outcome(verdict="failed", error="500"), *held)
    notify()
    assert {(row.channel, row.recipient, row.template) for row in rows()} == {
        (channel, f"{name}@example.com", "step-failed")
        for channel in ("IN_APP", "EMAIL")
        for name in ("operator", "second")
    }
    send(
        Outcome(
            verdict="done",
            output={"title": "Charge failed", "href": "https://runsheet.example.com/instances/1"},
        )
    )
    with transaction.reading() as session:
        bells = session.scalars(select(InboxMessage)).all()
        assert {(bell.user_id, bell.title, bell.href) for bell in bells} == {
            (1, "Charge failed", "/instances/1"),
            (2, "Charge failed", "/instances/1"),
        }
    assert instance


def test_a_policy_of_its_own_replaces_what_operators_are_told(app):
    only = policy("ON_FAILED", recipients=["author@example.com"])
    told([only], step=webhook, key="charge", config={"retry": {"maxAttempts": 1}})
    held = claim()
    report_begun(*held)
    report_ended(Outcome(verdict="failed", error="500"), *held)
    notify()
    assert recipients() == ["author@example.com"]


def test_policies_of_the_whole_instance_are_told_too(app):
    publish(
        task("pack"),
        notificationPolicies=[
            policy(trigger, "IN_APP", ["user:1"])
            for trigger in ("ON_STARTED", "ON_ATTENTION", "ON_COMPLETED", "ON_CANCELLED")
        ],
    )
    instance = begin()
    do(instance, "fail", "pack")
    do(instance, "skip", "pack")
    notify()
    assert {row.template for row in rows() if row.step_id is None} == {
        "instance-started",
        "instance-attention",
        "instance-completed",
    }


def test_a_lost_worker_leaves_an_unknown_try_and_the_delivery_goes_on(app):
    instance = told([policy(recipients=["user:1"])])
    do(instance, "complete", "pack")
    notify()
    held = claim(queue=NOTIFICATION_QUEUE, kinds=("delivery",))
    with later(seconds=60):
        with transaction.writing() as session:
            assert losses.give_back_expired(session, 3) == 1
        assert [row.outcome for row in log()] == ["unknown"]
        again = send()
    assert again[0].execution_token == held[0].execution_token
    assert [row.outcome for row in log()] == ["unknown", "succeeded"]


def test_a_lost_notice_is_expanded_once(app):
    instance = told([policy()])
    do(instance, "complete", "pack")
    first = claim(queue=NOTIFICATION_QUEUE, kinds=("notice",))
    with later(seconds=60):
        with transaction.writing() as session:
            losses.give_back_expired(session, 3)
        second = notify()
        assert len(second) == len(first) == 1
        report_ended(Outcome(verdict="done"), *first)
    assert len(rows()) == 2


def test_late_steps_are_told_of_once(app):
    late = policy("ON_OVERDUE", recipients=["user:1"])
    instance = told([late], dueIn="PT1H")
    with later(hours=2):
        for _ in range(2):
            with transaction.writing() as session:
                overdue.note_overdue(session)
        notify()
    assert kinds(instance).count("step.overdue") == 1
    assert [row.template for row in rows()] == ["step-overdue"]


def test_reminders_go_on_until_the_step_is_done(app):
    remind = {"every": "PT1H", "times": 3}
    instance = told([policy("ON_READY", recipients=["user:1"], remind=remind)])
    notify()
    for hours in (1.1, 2.2, 3.3, 4.4):
        with later(hours=hours):
            notify()
    assert kinds(instance).count("step.reminded") == 3
    assert [row.template for row in rows()] == ["step-ready"] + ["step-reminder"] * 3


def test_reminders_end_with_the_step(app):
    remind = {"every": "PT1H", "times": 3}
    instance = told([policy("ON_READY", recipients=["user:1"], remind=remind)])
    notify()
    do(instance, "complete", "pack")
    with later(hours=2):
        notify()
    assert "step.reminded" not in kinds(instance)
    assert len(rows()) == 1


def test_escalations_tell_others_one_after_the_other(app):
    escalate = [
        {"after": "PT4H", "to": ["author@example.com"], "channel": "EMAIL"},
        {"after": "PT2H", "to": "role:operator", "channel": "IN_APP"},
    ]
    instance = told([policy("ON_READY", recipients=["user:1"], escalate=escalate)])
    notify()
    for hours in (1, 2.1, 3, 4.1):
        with later(hours=hours):
            notify()
    assert kinds(instance).count("step.escalated") == 2
    assert [(row.channel, row.recipient) for row in rows()][1:] == [
        ("IN_APP", "operator@example.com"),
        ("IN_APP", "second@example.com"),
        ("EMAIL", "author@example.com"),
    ]
