"""Push among the deliveries: whoever has no browser is skipped, and what is gone is forgotten."""

import pytest
from sqlalchemy import select

from app import transaction
from app.domain import accounts
from app.domain.addresses import AllowList
from app.domain.outcomes import Outcome
from app.domain.push import encoded, public_key
from app.models import PushSubscription
from app.schemas.account import BrowserIn
from tests.support.channel_rigs import VAPID_KEY
from tests.support.looking import do
from tests.support.notifying import cast, notify, policy, rows, send, told
from tests.support.push_service import PushService
from tests.support.receiver import Receiver


@pytest.fixture(autouse=True)
def people(app):
    cast()


def add_browser(user_id: int) -> int:
    service = PushService(Receiver("https://push.example.com"))
    browser = service.subscribe(public_key(VAPID_KEY))
    wish = BrowserIn(endpoint=browser.endpoint, p256dh=browser.p256dh, auth=encoded(browser.auth))
    with transaction.writing() as session:
        return accounts.add_browser(session, user_id, wish, "Firefox on Linux", AllowList())


def tell_of(channel: str) -> None:
    instance = told([policy(channel=channel, recipients=["user:1"])])
    do(instance, "complete", "pack")
    notify()


def test_a_person_without_a_browser_is_skipped_and_the_reason_is_kept(app):
    tell_of("PUSH")
    (row,) = rows()
    assert row.state == "SKIPPED"
    assert "has no browser that takes push messages" in (row.reason or "")


def test_a_person_with_a_browser_is_told(app):
    add_browser(1)
    tell_of("PUSH")
    assert [row.state for row in rows()] == ["QUEUED"]


def test_subscriptions_that_no_longer_exist_are_forgotten(app):
    gone, kept = add_browser(1), add_browser(1)
    tell_of("PUSH")
    send(Outcome(verdict="done", output={"gone": [gone]}))
    with transaction.reading() as session:
        assert session.scalars(select(PushSubscription.id)).all() == [kept]


def test_they_are_forgotten_too_when_nobody_took_the_message(app):
    gone = add_browser(1)
    tell_of("PUSH")
    send(Outcome(verdict="failed", output={"gone": [gone]}, error="gone"))
    assert [row.state for row in rows()] == ["FAILED"]
    with transaction.reading() as session:
        assert session.scalars(select(PushSubscription.id)).all() == []
