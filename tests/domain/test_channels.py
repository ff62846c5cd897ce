"""The registry of channels: whom each understands, and what it says when it is not set up."""

import pytest

from app.config import Settings
from app.domain.channels import CHANNELS
from app.models import User
from app.models.vocabulary import Channel
from tests.conftest import environment


def settings(**more: str) -> Settings:
    return Settings.load(environment(DATABASE_URL="sqlite:////nonexistent/x.db", **more))


READY = {
    "SMTP_URL": "smtp://127.0.0.1:25",
    "SMS_ACCOUNT": "AC1",
    "SMS_TOKEN": "t",
    "SMS_FROM": "+15005550006",
    "VAPID_PRIVATE_KEY": "A" * 42 + "E",
    "APPRISE_URLS": "ops=gotify://127.0.0.1/token",
}


def test_every_channel_has_its_facts():
    assert list(CHANNELS) == list(Channel)
    assert all(facts.name is name for name, facts in CHANNELS.items())


@pytest.mark.parametrize(
    ("channel", "recipient", "address"),
    [
        ("EMAIL", "ada@example.com", "ada@example.com"),
        ("EMAIL", "Ada <ada@example.com>", "Ada <ada@example.com>"),
        ("EMAIL", "ada", None),
        ("EMAIL", "ada@example.com\r\nBcc: eve@example.com", None),
        ("EMAIL", "ada@example.com, eve@example.com", None),
        ("SMS", "+4915112345678", "+4915112345678"),
        ("SMS", "+49 (151) 1234-5678", "+4915112345678"),
        ("SMS", "015112345678", None),
        ("SMS", "+49", None),
        ("SMS", "+49151123456789012", None),
        ("CHAT", "chat:ops", "ops"),
        ("CHAT", "chat:Ops", "ops"),
        ("CHAT", "ops", None),
        ("CHAT", "chat:", None),
        ("CHAT", "slack://a/b/c", None),
        ("WEBHOOK", "https://hooks.example.com/a?b=c", "https://hooks.example.com/a?b=c"),
        ("WEBHOOK", "ftp://hooks.example.com", None),
        ("WEBHOOK", "https://hooks.example.com/a b", None),
        ("PUSH", "ada@example.com", None),
        ("IN_APP", "3", None),
    ],
)
def test_a_recipient_is_read_by_its_channel(channel, recipient, address):
    facts = CHANNELS[Channel(channel)]
    assert facts.read(recipient) == address
    assert facts.takes(recipient) is (address is not None)


def test_a_person_has_an_address_where_the_channel_reaches_people():
    ada = User(id=7, email="ada@example.com", phone="+4915112345678")
    found = {name.value: facts.address_of(ada) for name, facts in CHANNELS.items()}
    assert found == {
        "EMAIL": "ada@example.com",
        "SMS": "+4915112345678",
        "PUSH": "7",
        "CHAT": None,
        "IN_APP": "7",
        "WEBHOOK": None,
    }


def test_nothing_is_missing_when_all_is_set_up():
    assert {facts.not_ready(settings(**READY)) for facts in CHANNELS.values()} == {None}


@pytest.mark.parametrize(
    ("channel", "setting"),
    [
        ("EMAIL", "SMTP_URL"),
        ("SMS", "SMS_ACCOUNT"),
        ("SMS", "SMS_TOKEN"),
        ("SMS", "SMS_FROM"),
        ("PUSH", "VAPID_PRIVATE_KEY"),
        ("CHAT", "APPRISE_URLS"),
    ],
)
def test_a_channel_names_the_setting_that_it_lacks(channel, setting):
    reason = CHANNELS[Channel(channel)].not_ready(settings(**{**READY, setting: ""}))
    assert reason is not None
    assert setting in reason
