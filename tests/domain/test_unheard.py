"""Nobody fails in silence: where a failure's own policies reach nobody, operators hear of it."""

import pytest

from app import transaction
from app.domain import replays
from app.domain.outcomes import Outcome
from tests.support.looking import do
from tests.support.marks import both_databases
from tests.support.notifying import cast, later, notify, policy, rows, send, told

NO = Outcome(verdict="failed", error="550 no such user")
NEVER = {"all": [["input.email", "=", "nobody@example.com"]]}
OPERATORS = [("IN_APP", "operator@example.com"), ("IN_APP", "second@example.com")]


@pytest.fixture(autouse=True)
def people(app):
    """Two operators, an author."""
    cast()


def failed(*policies) -> int:
    instance = told(list(policies))
    do(instance, "fail", "pack")
    notify()
    return instance


def on_failure(recipient="author@example.com", **more):
    return policy("ON_FAILED", recipients=[recipient], **more)


def in_the_console() -> list[tuple[str, str]]:
    return [(row.channel, row.recipient) for row in rows() if row.channel == "IN_APP"]


def test_a_condition_that_does_not_hold_leaves_it_to_the_operators(app):
    failed(on_failure(when=NEVER))
    assert rows() == []
    notify()
    assert [(row.channel, row.recipient) for row in rows()] == OPERATORS
    assert {row.template for row in rows()} == {"step-failed"}


def test_so_does_a_recipient_that_nobody_can_reach(app):
    failed(on_failure("{{ input.nobody }}"), on_failure("user:3", channel="PUSH"))
    notify()
    assert in_the_console() == OPERATORS


@both_databases
def test_and_a_delivery_that_fails_for_good_with_its_fallback(app):
    failed(on_failure(fallback={"channel": "EMAIL", "recipients": ["second@example.com"]}))
    send(NO)
    notify()
    assert in_the_console() == []  # the fallback is on its way
    send(NO)
    notify()
    assert in_the_console() == OPERATORS


def test_who_was_told_by_another_policy_is_enough(app):
    failed(on_failure(when=NEVER), on_failure(), on_failure("{{ input.nobody }}"))
    send()
    notify()
    assert [(row.state, row.recipient) for row in rows() if row.state == "SENT"] == [
        ("SENT", "author@example.com")
    ]
    assert in_the_console() == []


def test_a_policy_that_waits_is_waited_for(app):
    failed(on_failure(when=NEVER), on_failure("{{ input.nobody }}", delay="PT10M"))
    notify()
    assert rows() == []
    with later(minutes=11):
        notify()
        notify()
    assert in_the_console() == OPERATORS


def test_the_operators_hear_of_a_failure_once(app):
    failed(on_failure(), on_failure("second@example.com"))
    send(NO)
    notify()
    assert in_the_console() == OPERATORS
    send(NO)  # theirs too
    with transaction.writing() as session:
        replays.replay(session, 1, "user:operator@example.com", "", {})
    send(NO)
    notify()
    assert in_the_console() == OPERATORS


def test_of_other_triggers_they_hear_nothing(app):
    instance = told([policy("ON_COMPLETED", recipients=["{{ input.nobody }}"])])
    do(instance, "complete", "pack")
    notify()
    notify()
    assert [row.state for row in rows()] == ["SKIPPED"]
