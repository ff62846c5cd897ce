"""What every channel of the registry must do, whatever it speaks. A new channel is asked the same:
give it a rig in `tests/support/channel_rigs.py`."""

import threading
from collections.abc import Iterator

import pytest

from app.config import Settings
from app.domain.channels import CHANNELS
from app.domain.outcomes import Outcome
from app.models.vocabulary import Channel
from tests.conftest import environment
from tests.support.channel_rigs import RIGS, Rig, logged, rig_of
from workers.channels import SENDERS
from workers.outbound import CancelToken

TOKEN = "0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d"
EVERY = list(Channel)
WITH_A_PROVIDER = [channel for channel in EVERY if channel is not Channel.IN_APP]
# Twilio knows no idempotency key, and Apprise takes no id of ours.
WITH_AN_ID = [Channel.EMAIL, Channel.PUSH, Channel.WEBHOOK]


@pytest.fixture
def rig(request) -> Iterator[Rig]:
    with rig_of(request.param) as rig:
        yield rig


every_channel = pytest.mark.parametrize("rig", EVERY, indirect=True, ids=str)
every_provider = pytest.mark.parametrize("rig", WITH_A_PROVIDER, indirect=True, ids=str)


def test_every_channel_has_facts_a_sender_and_a_rig():
    assert set(CHANNELS) == set(SENDERS) == set(RIGS) == set(Channel)


@every_channel
def test_what_is_taken_is_done_and_logged_as_it_was_said(rig):
    outcome = rig.send(TOKEN)
    assert outcome.verdict == "done"
    assert outcome.error is None
    assert not outcome.unknown
    said = [str(text) for text in rig.parts["content"].values() if isinstance(text, str) and text]
    assert all(text in logged(outcome) for text in said)


@every_channel
def test_its_content_is_of_its_schema(rig):
    facts = CHANNELS[rig.channel]
    assert facts.content.read(rig.parts["content"]).document().keys() == rig.parts["content"].keys()


@pytest.mark.parametrize("rig", WITH_AN_ID, indirect=True, ids=str)
def test_every_try_carries_the_same_token(rig):
    rig.tell("hang_up")
    rig.send(TOKEN)
    rig.tell("take")
    rig.send(TOKEN)
    assert rig.tokens is not None
    assert rig.tokens() == [TOKEN, TOKEN]


@every_provider
def test_a_refusal_is_final(rig):
    rig.tell("refuse")
    outcome = rig.send(TOKEN)
    assert outcome.verdict == "failed"
    assert outcome.error
    assert not outcome.unknown


@every_provider
def test_a_provider_in_trouble_is_tried_again(rig):
    rig.tell("put_off")
    outcome = rig.send(TOKEN)
    assert outcome.verdict == "retry"
    assert outcome.error
    assert not outcome.unknown
    assert outcome.retry_after in (7.0, None)


@every_provider
def test_a_lost_answer_is_unknown_and_tried_again(rig):
    rig.tell("hang_up")
    outcome = rig.send(TOKEN)
    assert outcome.verdict == "retry"
    assert outcome.unknown


@every_provider
def test_a_provider_that_hangs_is_left_at_the_deadline(rig):
    rig.tell("hang")
    outcome = rig.send(TOKEN, timeout=3)
    assert outcome.verdict == "retry"
    assert outcome.unknown


@every_provider
def test_a_stopped_try_ends_at_once_and_goes_back(rig):
    rig.tell("hang")
    cancel, ended = CancelToken(), list[Outcome]()
    thread = threading.Thread(target=lambda: ended.append(rig.send(TOKEN, cancel=cancel)))
    thread.start()
    rig.arrived(1)
    cancel.cancel()
    thread.join(10)
    assert [outcome.verdict for outcome in ended] == ["returned"]


@every_provider
def test_what_was_stopped_before_it_began_is_not_sent(rig):
    cancel = CancelToken()
    cancel.cancel()
    outcome = rig.send(TOKEN, cancel=cancel)
    assert outcome.verdict == "returned"
    assert not outcome.unknown


@every_provider
@pytest.mark.parametrize("how", ["take", "refuse", "put_off", "hang_up", "echo"])
def test_no_log_holds_a_secret(rig, how, caplog):
    caplog.set_level(0)
    rig.tell(how)
    kept = logged(rig.send(TOKEN)) + caplog.text
    assert [secret for secret in rig.secrets if secret in kept] == []


@every_provider
def test_nobody_there_is_a_reason_to_try_again(rig):
    rig.shut()
    outcome = rig.send(TOKEN)
    assert outcome.verdict == "retry"
    assert not outcome.unknown


@every_channel
def test_it_says_what_it_lacks(rig):
    facts = CHANNELS[rig.channel]
    assert facts.not_ready(rig.loaded) is None
    if rig.lacks is not None:
        poorer = {**rig.settings, rig.lacks: ""}
        settings = Settings.load(environment(DATABASE_URL="sqlite:////nonexistent/x.db", **poorer))
        assert rig.lacks in (facts.not_ready(settings) or "")
        assert facts.label
