"""The settings page: which channels work here, what the others lack, and a test of each."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import Row, select

from app import clock, transaction
from app.config import Settings
from app.domain import processes
from app.domain.channels import CHANNELS
from app.domain.outcomes import Outcome
from app.models import NotificationDelivery, User
from app.models.vocabulary import NOTIFICATION_QUEUE, Channel
from tests.conftest import environment
from tests.support.channel_rigs import VAPID_KEY
from tests.support.workflows import claim, report_begun, report_ended
from tests.web.conftest import said


@pytest.fixture
def settings(database_url) -> Settings:
    given = {
        "DATABASE_URL": database_url,
        "SMTP_URL": "smtp://mailer:secret-password@mail.example.com:587",
        "SMS_ACCOUNT": "AC-secret-account",
        "SMS_TOKEN": "secret-token",
        "VAPID_PRIVATE_KEY": VAPID_KEY,
        "APPRISE_URLS": "ops=gotify://127.0.0.1/secret-chat-token",
    }
    return Settings.load(environment(**given))


def deliveries() -> list[Row]:
    row = NotificationDelivery
    with transaction.reading() as session:
        return list(
            session.execute(select(row.channel, row.recipient, row.address, row.state, row.trigger))
        )


def send(outcome: Outcome) -> None:
    """As the notifier does."""
    held = claim(queue=NOTIFICATION_QUEUE, kinds=("delivery",))
    report_begun(*held)
    report_ended(outcome, *held)


def test_it_says_what_works_and_what_the_others_lack(viewer):
    page = viewer.get("/settings")
    words = said(page)
    assert "5 of 6 set up" in words
    assert "Set up: from Runsheet <runsheet@localhost> through mail.example.com:587." in words
    assert "No SMS provider is set up (SMS_FROM)." in words
    assert "chat:ops Gotify" in words


def test_no_password_is_on_it(visit):
    page = visit("admin").get("/settings").text
    for value in ("secret-password", "secret-account", "secret-token", "secret-chat"):
        assert value not in page
    assert VAPID_KEY not in page


def test_every_channel_is_called_the_same_everywhere(app):
    listed = dict(
        re.findall(
            r'"(\w+)": \("([\w ]+)"',
            app.jinja_env.loader.get_source(app.jinja_env, "_channel.html")[0],
        )
    )
    assert listed == {str(name): facts.label for name, facts in CHANNELS.items()}


def test_who_may_only_read_has_no_buttons(viewer):
    assert "/settings/test/" not in viewer.get("/settings").text


def test_an_operator_tests_what_reaches_people_and_an_admin_the_rest(operator, visit):
    ours = set(re.findall(r"/settings/test/(\w+)", operator.get("/settings").text))
    assert ours == {"EMAIL", "PUSH", "IN_APP"}
    admins = set(re.findall(r"/settings/test/(\w+)", visit("admin").get("/settings").text))
    assert admins == {"EMAIL", "PUSH", "IN_APP", "CHAT", "WEBHOOK"}
    assert operator.post("/settings/test/CHAT", {"recipient": "chat:ops"}).status_code == 403
    assert deliveries() == []


def test_a_test_is_a_delivery_like_any_other(operator):
    answer = operator.post("/settings/test/EMAIL")
    assert answer.status_code == 303
    assert answer.location == "/settings?test=1#test"
    (row,) = deliveries()
    assert tuple(row) == (
        "EMAIL",
        "operator@example.com",
        "operator@example.com",
        "QUEUED",
        "TEST",
    )


def test_the_page_follows_it_until_it_is_over(operator):
    say_that_a_notifier_is_there()
    page = operator.get(operator.post("/settings/test/EMAIL").location)
    assert "the test is on its way to operator@example.com" in said(page)
    assert 'hx-get="/settings/tests/1"' in page.text

    send(Outcome(verdict="retry", error="The mail server said 451 Not now (at RCPT)."))
    part = operator.get("/settings/tests/1", htmx=True)
    assert "try 1 failed. The mail server said 451 Not now" in said(part)
    assert "hx-get" in part.text

    clock.travel(timedelta(hours=1))
    send(Outcome(verdict="done"))
    part = operator.get("/settings/tests/1", htmx=True)
    assert "the test was sent to operator@example.com" in said(part)
    assert "hx-get" not in part.text


def test_a_failure_says_why(operator):
    operator.post("/settings/test/EMAIL")
    send(Outcome(verdict="failed", error="The mail server said 550 No (at RCPT)."))
    part = operator.get("/settings/tests/1", htmx=True)
    assert "the test could not be sent. The mail server said 550 No" in said(part)


def test_what_is_skipped_says_why(operator):
    with transaction.writing() as session:
        session.scalars(select(User)).one().channels_off = ["EMAIL"]
    page = operator.get(operator.post("/settings/test/EMAIL").location)
    assert "the test was not sent. They have turned Email off." in said(page)


def test_without_a_notifier_the_page_says_that_nobody_will_send_it(operator):
    page = operator.get(operator.post("/settings/test/EMAIL").location)
    assert "no notifier has answered" in said(page)


def say_that_a_notifier_is_there() -> None:
    with transaction.writing() as session:
        processes.say_alive(
            session,
            "notifier-1",
            kind="worker",
            queue=NOTIFICATION_QUEUE,
            host="here",
            pid=1,
            in_flight=0,
        )


def test_a_place_is_tested_by_its_name_and_a_webhook_by_its_url(visit):
    admin = visit("admin")
    admin.post("/settings/test/CHAT", {"recipient": "chat:ops"})
    admin.post("/settings/test/WEBHOOK", {"recipient": "https://hooks.example.com/a"})
    assert [(row.channel, row.address) for row in deliveries()] == [
        ("CHAT", "ops"),
        ("WEBHOOK", "https://hooks.example.com/a"),
    ]


def test_a_wrong_url_is_refused_at_its_field_and_stays_typed(visit):
    answer = visit("admin").post("/settings/test/WEBHOOK", {"recipient": "hooks.example.com"})
    assert answer.status_code == 422
    assert "Name a URL such as https://" in said(answer)
    assert 'value="hooks.example.com"' in answer.text
    assert deliveries() == []


def test_one_sees_only_ones_own_tests(operator, visit):
    operator.post("/settings/test/EMAIL")
    assert visit("author").get("/settings/tests/1", htmx=True).status_code == 403
    assert visit("admin").get("/settings/tests/1", htmx=True).status_code == 200
    assert operator.get("/settings/tests/2", htmx=True).status_code == 404


def test_a_test_asked_for_on_the_account_page_comes_back_there(operator):
    answer = operator.post("/settings/test/IN_APP", {"back": "account"})
    assert answer.location == "/account?test=1#test"
    assert "the test" in said(operator.get(answer.location))


@pytest.mark.parametrize("channel", [str(channel) for channel in Channel])
def test_every_test_says_what_its_channel_can_say(channel):
    from app.domain.channel_tests import content_of

    given = content_of(Channel(channel), "ada@example.com", "https://console.example.com")
    read = CHANNELS[Channel(channel)].content.read(given)
    assert read.document() == given
