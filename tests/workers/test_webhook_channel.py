"""WEBHOOK as a channel: what is posted is signed with the secret that the policy names."""

from datetime import UTC, datetime

import pytest

from app.domain.secret_values import SecretValue
from app.domain.signatures import verify
from app.models.vocabulary import Channel
from tests.support.channel_rigs import Rig, rig_of
from tests.support.receiver import Got

TOKEN = "0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d"


@pytest.fixture
def got() -> list[Got]:
    return []


@pytest.fixture
def rig(got):
    with rig_of(Channel.WEBHOOK) as rig:
        rig.receiver.answer = lambda one: got.append(one) or (200, {}, b"{}")
        yield rig


def test_the_receiver_can_check_who_sent_it(rig: Rig, got: list[Got]):
    assert rig.send(TOKEN).verdict == "done"
    (one,) = got
    verify(rig.parts["secrets"]["OPS_KEY"], one.headers, one.body, datetime.now(UTC))
    assert one.token == TOKEN
    assert one.json == {"step": "Book carrier"}


def test_without_a_secret_it_is_not_signed(rig: Rig, got: list[Got]):
    rig.parts["signing_secret"] = None
    assert rig.send(TOKEN).verdict == "done"
    assert "webhook-signature" not in got[0].headers


@pytest.mark.parametrize(
    ("secrets", "words"),
    [
        ({}, "There is no secret named OPS_KEY."),
        ({"OPS_KEY": SecretValue("OPS_KEY", "", fault="It can't be read.")}, "It can't be read."),
        (
            {"OPS_KEY": SecretValue("OPS_KEY", "x" * 20, hosts=("hooks.example.com",))},
            "may be sent to hooks.example.com only",
        ),
    ],
)
def test_a_secret_that_cannot_be_used_is_a_final_failure_and_nothing_is_sent(
    rig: Rig, got: list[Got], secrets, words
):
    rig.parts["secrets"] = secrets
    outcome = rig.send(TOKEN)
    assert outcome.verdict == "failed"
    assert words in (outcome.error or "")
    assert got == []


def test_text_is_posted_as_json_too(rig: Rig, got: list[Got]):
    rig.parts["content"] = {"body": 'He said "stop" – now'}
    rig.send(TOKEN)
    assert got[0].headers["content-type"] == "application/json"
    assert got[0].json == 'He said "stop" – now'
