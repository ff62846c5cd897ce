"""Standard Webhooks signatures, judged by the library that receivers use."""

import base64
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from app.domain.secret_values import SecretValue
from app.domain.signatures import (
    BadSignature,
    random_signing_secret,
    sign,
    signing_key,
    verify,
)

NEW, OLD = random_signing_secret(), random_signing_secret()
BODY = '{"order":"A-1042","name":"Zoë"}'.encode()


def now() -> datetime:
    # The library asks the machine's clock, not ours.
    return datetime.now(UTC)


def headers(secret: SecretValue, body: bytes = BODY, at: datetime | None = None) -> dict[str, str]:
    """What a request carries."""
    at = at or now()
    id = str(uuid4())
    return {
        "webhook-id": id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": sign(secret, id, at, body),
    }


def test_receivers_verify_it_with_the_library():
    found = Webhook(NEW).verify(BODY, headers(SecretValue("KEY", NEW)))
    assert found == {"order": "A-1042", "name": "Zoë"}


def test_during_a_rotation_old_and_new_receivers_both_verify_it():
    sent = headers(SecretValue("KEY", NEW, OLD))
    assert len(sent["webhook-signature"].split(" ")) == 2
    for receiver in (NEW, OLD):
        Webhook(receiver).verify(BODY, sent)


def test_after_a_rotation_the_old_receiver_refuses():
    with pytest.raises(WebhookVerificationError):
        Webhook(OLD).verify(BODY, headers(SecretValue("KEY", NEW)))


def test_a_secret_that_is_any_text_signs_with_its_bytes():
    text = "correct horse battery staple"
    Webhook(text.encode()).verify(BODY, headers(SecretValue("KEY", text)))


def test_an_empty_body_is_signed_too():
    Webhook(NEW).verify(b"", headers(SecretValue("KEY", NEW), b""), json_parse=False)


@given(st.binary(min_size=1), st.booleans())
def test_a_whsec_value_is_base64_padded_or_not(key, padded):
    text = base64.b64encode(key).decode()
    assert signing_key("whsec_" + (text if padded else text.rstrip("="))) == key


@pytest.mark.parametrize("value", ["whsec_", "whsec_not base64!", "whsec_a"])
def test_whsec_before_anything_else_is_refused(value):
    with pytest.raises(ValueError, match="After whsec_ comes base64"):
        signing_key(value)


@given(st.text(st.characters(exclude_categories=["Cs"])), st.booleans())
def test_what_is_signed_is_verified(text, rotating):
    secret = SecretValue("KEY", NEW, OLD if rotating else None)
    verify(secret, headers(secret, text.encode()), text.encode(), now())


def test_either_secret_opens_the_door_while_it_is_rotated():
    ours = SecretValue("KEY", NEW, OLD)
    for theirs in (NEW, OLD):
        verify(ours, headers(SecretValue("KEY", theirs)), BODY, now())


def test_header_names_have_no_case():
    sent = {name.title(): value for name, value in headers(SecretValue("KEY", NEW)).items()}
    verify(SecretValue("KEY", NEW), sent, BODY, now())


def refused(**changed: str | None) -> str:
    """What is said about a good request with these headers changed (None: left out)."""
    secret = SecretValue("KEY", NEW)
    sent = headers(secret)
    for name, value in changed.items():
        sent[name.replace("_", "-")] = value or ""
    with pytest.raises(BadSignature) as refusal:
        verify(secret, sent, BODY, now())
    return str(refusal.value)


def test_another_body_secret_or_id_is_refused():
    secret = SecretValue("KEY", NEW)
    with pytest.raises(BadSignature, match="No signature"):
        verify(secret, headers(secret), BODY + b" ", now())
    with pytest.raises(BadSignature, match="No signature"):
        verify(secret, headers(SecretValue("KEY", OLD)), BODY, now())
    assert "No signature" in refused(webhook_id="another")


@pytest.mark.parametrize("minutes", [-6, 6])
def test_a_request_of_another_time_is_refused(minutes):
    secret = SecretValue("KEY", NEW)
    sent = headers(secret, at=now() + timedelta(minutes=minutes))
    with pytest.raises(BadSignature, match="five minutes"):
        verify(secret, sent, BODY, now())


@pytest.mark.parametrize(
    "changed",
    [
        *({f"webhook_{name}": None} for name in ("id", "timestamp", "signature")),
        *(
            {"webhook_timestamp": text}
            for text in ("now", "-1", "1e9", "nan", "9" * 12, "9" * 400, "١٢٣", "1.5", "0x10")
        ),
        *(
            {"webhook_signature": text}
            for text in ("v1", "v1,", "v1,,", "v1,é", "v1,%%%", "v2,abc", ",", "v1," * 3, "v1a,x")
        ),
        {"webhook_signature": "v1,AAAA " * 500},
        {"webhook_id": "x" * 10_000},
        {"webhook_id": "a\x00b"},
    ],
)
def test_malformed_headers_are_a_bad_signature_and_nothing_worse(changed):
    assert refused(**changed)


@given(
    st.dictionaries(
        st.sampled_from(["webhook-id", "webhook-timestamp", "webhook-signature", "x"]), st.text()
    ),
    st.binary(),
)
def test_whatever_comes_is_refused_with_a_reason(sent, body):
    with pytest.raises(BadSignature):
        verify(SecretValue("KEY", NEW), sent, body, now())


def test_a_body_that_is_not_text_is_refused():
    secret = SecretValue("KEY", NEW)
    with pytest.raises(BadSignature, match="not UTF-8"):
        verify(secret, headers(secret), b"\xff\xfe", now())


def test_a_secret_that_cannot_be_read_verifies_nothing():
    secret = SecretValue("KEY", "", fault="The secret KEY can't be read.")
    with pytest.raises(BadSignature, match="can't be read"):
        verify(secret, headers(SecretValue("KEY", NEW)), BODY, now())


def test_the_refusal_never_says_what_the_signature_should_have_been():
    secret = SecretValue("KEY", NEW)
    sent = headers(secret)
    with pytest.raises(BadSignature) as refusal:
        verify(secret, sent | {"webhook-signature": "v1,AAAA"}, BODY, now())
    assert sent["webhook-signature"].split(",")[1] not in str(refusal.value)


def test_a_secret_shows_no_value():
    assert NEW not in repr(SecretValue("KEY", NEW, OLD)) and OLD not in repr(
        SecretValue("KEY", NEW, OLD)
    )
