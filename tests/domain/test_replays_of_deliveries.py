"""Sending again: to whoever was meant, as they are now, and nobody else."""

import pytest

from app import transaction
from app.domain import replays
from app.domain.deliveries import Filter
from app.domain.outcomes import Outcome
from app.models import User
from tests.support.looking import do, kinds
from tests.support.notifying import cast, notify, policy, rows, send, told
from tests.support.workflows import begin, publish, task

NO_CHAT = {"CHAT": "No chat place is set up (APPRISE_URLS)."}
OLGA = "user:operator@example.com"


@pytest.fixture(autouse=True)
def people(app):
    """An operator, another, an author."""
    cast()


def replay(delivery_id: int = 1) -> int:
    with transaction.writing() as session:
        return replays.replay(session, delivery_id, OLGA, "again", {})


def completed(*policies, not_ready=None, **more) -> int:
    instance = told(list(policies), **more)
    do(instance, "complete", "pack")
    notify(not_ready)
    return instance


def change(**values) -> None:
    with transaction.writing() as session:
        for name, value in values.items():
            setattr(session.get_one(User, 1), name, value)


def test_a_replay_is_a_new_delivery_that_names_its_origin(app):
    instance = told([policy(recipients=["user:1"])])
    do(instance, "complete", "pack")
    notify()
    send(Outcome(verdict="failed", error="550"))
    replay()
    send()
    first, second = rows()
    assert (first.state, second.state, second.replay_of) == ("FAILED", "SENT", first.id)
    assert first.token != second.token
    assert "notification.replayed" in kinds(instance)


@pytest.mark.parametrize(
    ("channel", "recipient", "address"),
    [
        ("CHAT", "chat:ops", "ops"),
        ("EMAIL", "someone@example.org", "someone@example.org"),
        ("SMS", "+1 (415) 555-0100", "+14155550100"),
        ("WEBHOOK", "https://hooks.example.com/x", "https://hooks.example.com/x"),
    ],
)
def test_an_address_is_told_again_on_every_channel(app, channel, recipient, address):
    completed(policy(channel=channel, recipients=[recipient]))
    send(Outcome(verdict="failed", error="no"))
    replay()
    assert [(row.state, row.recipient, row.address) for row in rows()] == [
        ("FAILED", recipient, address),
        ("QUEUED", recipient, address),
    ]


def test_what_was_skipped_for_a_channel_goes_out_once_it_is_set_up(app):
    completed(policy(channel="CHAT", recipients=["chat:ops"]), not_ready=NO_CHAT)
    replay()
    assert [(row.state, row.address) for row in rows()] == [("SKIPPED", "ops"), ("QUEUED", "ops")]


def test_a_person_is_told_where_they_are_now(app):
    completed(policy(recipients=["user:1"]))
    send(Outcome(verdict="failed", error="550"))
    change(email="olga@example.com")
    replay()
    assert rows()[1].address == "olga@example.com"


def test_who_may_not_come_any_more_is_not_told(app):
    completed(policy(recipients=["user:1"]))
    send(Outcome(verdict="failed", error="550"))
    change(active=False)
    replay()
    assert rows()[1].state == "SKIPPED"
    assert rows()[1].reason == "operator@example.com may not come any more."


def test_a_role_that_nobody_had_means_everybody_who_has_it_now(app):
    completed(policy(recipients=["role:admin"]))
    assert [(row.state, row.recipient) for row in rows()] == [("SKIPPED", "role:admin")]
    with transaction.writing() as session:
        for user_id in (1, 2):
            session.get_one(User, user_id).role = "admin"
    new_id = replay()
    assert [(row.id, row.replay_of, row.recipient) for row in rows()[1:]] == [
        (new_id, 1, "operator@example.com"),
        (new_id + 1, 1, "second@example.com"),
    ]


def test_a_value_that_was_missing_is_looked_for_again(app):
    named = ["{{ steps.pack.output.email }}", "assignee"]
    instance = completed(policy("ON_READY", recipients=named))
    assert [row.state for row in rows()] == ["SKIPPED", "SKIPPED"]
    assert instance
    with transaction.writing() as session:
        replays.replay_all(session, Filter(state="SKIPPED"), 2, OLGA, "", {})
    assert [row.reason for row in rows()[2:]] == [
        "steps.pack.output.email is missing.",
        "The step has no assignee.",
    ]


def test_a_role_that_somebody_typed_into_a_form_stays_a_word(app):
    publish(task("pack", notificationPolicies=[policy(recipients=["{{ input.who }}"])]))
    do(begin(who="role:operator"), "complete", "pack")
    notify()
    replay()
    assert [(row.state, row.recipient) for row in rows()] == [("SKIPPED", "role:operator")] * 2


def test_a_fallback_s_own_recipients_are_found_again(app):
    fallback = {"channel": "EMAIL", "recipients": ["role:admin"]}
    completed(policy(channel="SMS", recipients=["user:1"], fallback=fallback))
    assert [(row.state, row.recipient) for row in rows()] == [
        ("SKIPPED", "operator@example.com"),
        ("SKIPPED", "role:admin"),
    ]
    change(role="admin")
    replay(2)
    assert [(row.state, row.recipient) for row in rows()[2:]] == [
        ("QUEUED", "operator@example.com")
    ]
