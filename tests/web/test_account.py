"""A person's own page: their name and phone, how they are told, and their browsers."""

import re
from dataclasses import replace

import pytest
from sqlalchemy import Row, select

from app import transaction
from app.config import Settings
from app.domain.push import encoded, public_key
from app.models import PushSubscription, User
from tests.conftest import environment
from tests.support.channel_rigs import VAPID_KEY
from tests.support.push_service import PushService, Subscription
from tests.support.receiver import Receiver
from tests.web.conftest import Person, said

CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/131.0 Safari/537.36"


@pytest.fixture
def settings(database_url) -> Settings:
    return Settings.load(environment(DATABASE_URL=database_url, VAPID_PRIVATE_KEY=VAPID_KEY))


@pytest.fixture
def browser() -> Subscription:
    service = PushService(Receiver("https://push.example.com"))
    return service.subscribe(public_key(VAPID_KEY))


def user() -> Row:
    with transaction.reading() as session:
        return session.execute(select(User.name, User.phone, User.channels_off)).one()


def subscriptions() -> list[Row]:
    row = PushSubscription
    with transaction.reading() as session:
        return list(session.execute(select(row.id, row.endpoint, row.p256dh, row.browser)))


def save(person: Person, **changed: object):
    sent = {"name": "Olivia", "phone": "", "channels": ["IN_APP", "EMAIL", "SMS", "PUSH"]}
    return person.post("/account", sent | changed)


def subscribe(person: Person, browser: Subscription, **changed: str):
    sent = {
        "endpoint": browser.endpoint,
        "p256dh": browser.p256dh,
        "auth": encoded(browser.auth),
    }
    headers = {"User-Agent": CHROME}
    return person.post("/account/browsers", sent | changed, headers=headers)


def test_it_is_a_click_away_from_every_page(operator):
    assert 'href="/account"' in operator.get("/").text


def test_name_and_phone_are_saved_as_providers_take_them(operator):
    assert save(operator, name=" Olivia Ops ", phone="+49 (151) 1234-5678").status_code == 303
    assert (user().name, user().phone) == ("Olivia Ops", "+4915112345678")
    assert 'value="+4915112345678"' in operator.get("/account").text


@pytest.mark.parametrize(
    ("phone", "words"),
    [
        ("0151 12345678", "Begin with + and the country's code"),
        ("call me", "is not a phone number"),
        ("+49", "is not a phone number"),
    ],
)
def test_a_wrong_phone_is_refused_at_its_field_and_nothing_typed_is_lost(operator, phone, words):
    answer = save(operator, name="Olivia Ops", phone=phone, channels=["SMS"])
    assert answer.status_code == 422
    assert words in said(answer)
    assert f'value="{phone}"' in answer.text
    assert 'value="Olivia Ops"' in answer.text
    assert re.findall(r'value="(\w+)"\s+checked', answer.text) == ["SMS"]
    assert user().phone is None


def test_a_name_is_needed(operator):
    answer = save(operator, name="  ")
    assert answer.status_code == 422
    assert "name-error" in answer.text


def test_channels_that_are_unticked_are_off(operator):
    save(operator, channels=["EMAIL"])
    assert user().channels_off == ["IN_APP", "SMS", "PUSH"]
    assert re.findall(r'value="(\w+)"\s+checked', operator.get("/account").text) == ["EMAIL"]
    save(operator)
    assert user().channels_off == []


def test_a_channel_that_does_not_exist_turns_nothing_off(operator):
    save(operator, channels=["IN_APP", "EMAIL", "SMS", "PUSH", "PIGEON"])
    assert user().channels_off in ([], None)


def test_the_page_says_what_a_channel_lacks(operator):
    page = said(operator.get("/account"))
    assert "SMS not set up here" in page
    assert "Email not set up here" in page


def test_a_browser_is_added_and_called_by_its_name(operator, browser):
    assert subscribe(operator, browser).status_code == 303
    (row,) = subscriptions()
    assert (row.endpoint, row.p256dh, row.browser) == (
        browser.endpoint,
        browser.p256dh,
        "Chrome on Linux",
    )
    page = operator.get("/account")
    assert "Chrome on Linux" in said(page)
    assert browser.endpoint not in page.text


def test_a_browser_that_comes_again_is_the_same_and_belongs_to_who_signed_in_last(
    visit, operator, browser
):
    subscribe(operator, browser)
    admin = visit("admin")
    subscribe(admin, browser)
    assert len(subscriptions()) == 1
    assert "Chrome on Linux" in said(admin.get("/account"))
    assert "Chrome on Linux" not in said(operator.get("/account"))


def test_a_browser_can_be_forgotten_by_its_owner_only(visit, operator, browser):
    subscribe(operator, browser)
    (row,) = subscriptions()
    visit("admin").post(f"/account/browsers/{row.id}/forget")
    assert len(subscriptions()) == 1
    assert operator.post(f"/account/browsers/{row.id}/forget").status_code == 303
    assert subscriptions() == []


@pytest.mark.parametrize(
    "changed",
    [
        {"endpoint": "http://push.example.com/1"},
        {"endpoint": "https://10.0.0.1/1"},
        {"endpoint": "https://169.254.169.254/latest"},
        {"endpoint": ""},
        {"p256dh": "AAAA"},
        {"auth": "!"},
        {"p256dh": ""},
    ],
)
def test_what_is_no_subscription_is_refused(operator, browser, changed):
    subscribe(operator, browser, **changed)
    assert subscriptions() == []
    assert "This browser can't be told" in said(operator.get("/account"))


def test_the_oldest_of_many_browsers_gives_way(operator):
    service = PushService(Receiver("https://push.example.com"))
    made = [service.subscribe(public_key(VAPID_KEY)) for _ in range(21)]
    for browser in made:
        subscribe(operator, browser)
    kept = {row.endpoint for row in subscriptions()}
    assert kept == {browser.endpoint for browser in made[1:]}


def test_the_service_worker_serves_the_whole_site(visit):
    answer = visit(None).get("/push-worker.js")
    assert answer.status_code == 200
    assert answer.content_type.startswith("text/javascript")
    assert answer.headers["Service-Worker-Allowed"] == "/"
    assert answer.headers["Cache-Control"] == "no-cache"
    assert 'addEventListener("push"' in answer.text


def test_without_a_key_the_page_says_that_push_is_not_set_up(app, settings, operator):
    app.config["SETTINGS"] = replace(settings, vapid_private_key="")
    page = operator.get("/account")
    assert "Push messages are not set up here" in said(page)
    assert "data-key=" not in page.text
