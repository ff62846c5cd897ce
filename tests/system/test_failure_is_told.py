"""A step fails for good: the operators are told by mail, SMS, push and the bell, follow the mail's
link, and repair it. Real processes, a real mail server, stand-ins that speak the providers' own
protocols, and a real browser."""

import hashlib
import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from app import clock, transaction
from app.domain import instances
from app.domain.push import public_key
from app.models import PushSubscription, User
from app.schemas.instance import InstanceIn
from tests.support.channel_rigs import VAPID_KEY
from tests.support.processes import WORKER, running
from tests.support.push_service import PushService, Subscription, push_service
from tests.support.slow_mail import MailServer, mail_server
from tests.support.sms_provider import SmsProvider, sms_provider
from tests.support.waiting import wait_until
from tests.support.workflows import OPERATOR, publish, webhook
from tests.system.conftest import Console, Open, open_console

OLGA, PHONE = "olga@example.com", "+14155550100"


@dataclass
class World:
    """Everything outside that a notification can reach."""

    mail: MailServer
    sms: SmsProvider
    push: PushService
    browser: Subscription


@pytest.fixture
def console(tmp_path: Path, sqlite_template: Path) -> Iterator[Console]:
    """A console of its own: the notifier would also tell of what other stories left failed, and
    Olga would keep the browser that she is given here."""
    with open_console(tmp_path, sqlite_template) as console:
        yield console


@pytest.fixture
def world(console: Console, tmp_path: Path) -> Iterator[World]:
    with ExitStack() as stack:
        mail = stack.enter_context(mail_server())
        sms = stack.enter_context(sms_provider())
        push = stack.enter_context(push_service())
        found = World(mail, sms, push, push.subscribe(public_key(VAPID_KEY)))
        with console.app.app_context():
            on_call(found.browser)
        environ = console.environ | sms.settings
        environ |= {"SMTP_URL": mail.url, "VAPID_PRIVATE_KEY": VAPID_KEY}
        log = tmp_path / "notifier.log"
        stack.enter_context(running(WORKER, environ, log, "workflow-notifications"))
        yield found


def on_call(browser: Subscription) -> None:
    """Olga has a phone and a browser that takes push messages."""
    keys = browser.as_json()["keys"]
    with transaction.writing() as session:
        olga = session.scalars(select(User).where(User.email == OLGA)).one()
        olga.phone = PHONE
        session.add(
            PushSubscription(
                user_id=olga.id,
                endpoint=browser.endpoint,
                endpoint_hash=hashlib.sha256(browser.endpoint.encode()).hexdigest(),
                created_at=clock.now(),
                **keys,
            )
        )


def start_what_will_fail(console: Console) -> str:
    """A charge with one try and a policy for each channel; returns the path of its step."""
    told = [
        {"channel": "EMAIL", "trigger": "ON_FAILED", "recipients": ["role:operator"]},
        *(
            {"channel": channel, "trigger": "ON_FAILED", "recipients": [f"user:{OLGA}"]}
            for channel in ("SMS", "PUSH", "IN_APP")
        ),
    ]
    once = {"url": f"{console.receiver.url}/charge", "retry": {"maxAttempts": 1}}
    with console.app.app_context():
        publish(webhook("charge", config=once, notificationPolicies=told), key="charge-card")
        with transaction.writing() as session:
            wish = {"templateKey": "charge-card", "title": "Card of A-1042"}
            instance = instances.start(session, InstanceIn.read(wish), OPERATOR)
    return f"/instances/{instance}/steps/charge"


def test_a_failure_is_told_on_every_channel_and_repaired_from_the_mail(
    console: Console, come: Open, world: World
) -> None:
    page = come()
    page.goto("/inbox")
    console.answers(500)
    path = start_what_will_fail(console)

    mails = world.mail.wait_for(2)
    assert {mail["To"] for mail in mails} == {OLGA, "otto@example.com"}
    assert "Card of A-1042" in str(mails[0]["Subject"])
    text = str(mails[0].get_body(("plain",)))
    (link,) = set(re.findall(rf"http://127\.0\.0\.1:\d+{path}", text))
    wait_until(lambda: bool(world.sms.taken), why="the phone should ring")
    assert world.sms.taken[0].to == PHONE
    assert "Charge" in world.sms.taken[0].text
    wait_until(lambda: bool(world.browser.messages), why="the browser should be told")
    assert "Charge" in world.browser.messages[0]["title"]

    # Nothing is loaded anew: the page has been open since before it failed.
    bell = page.locator("#bell")
    expect(bell).to_have_accessible_name("Bell, 1 unread")
    page.get_by_role("button", name="Charge").click()
    expect(page).to_have_url(re.compile(f"{path}$"))
    expect(bell).to_have_accessible_name("Bell, nothing unread")

    page.goto(link)
    told = page.locator("#notifications")
    for words in (OLGA, "otto@example.com", "SMS", "Push"):
        expect(told).to_contain_text(re.compile(words, re.IGNORECASE))

    console.answers(200)
    page.locator("#act-charge-retry > summary").click()
    page.locator("#act-charge-retry-reason").fill("The provider is back")
    page.locator("#act-charge-retry-form button").click()
    timeline = page.locator("#timeline")
    expect(timeline).to_contain_text("The provider is back")
    expect(timeline).to_contain_text("Instance completed")
