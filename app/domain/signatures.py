"""Standard Webhooks 1.0 signatures: made for what is sent, checked on what comes in. Pure."""

import base64
import binascii
import hmac
import re
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from standardwebhooks.webhooks import Webhook

from app.domain.secret_values import SecretValue

PREFIX = "whsec_"
TOLERANCE = timedelta(minutes=5)  # how far the sender's clock may be from ours
_RANDOM_BYTES = 32
_LONGEST_ID = 256
_MOST_SIGNATURES = 20
_SECONDS = re.compile(r"[0-9]{1,12}", re.ASCII)


class BadSignature(Exception):
    """The signature is missing, malformed, too old, or not made with the secret; says which."""


def random_signing_secret() -> str:
    """A new `whsec_…` value, as Standard Webhooks writes signing secrets."""
    return PREFIX + base64.b64encode(secrets.token_bytes(_RANDOM_BYTES)).decode()


def signing_key(value: str) -> bytes:
    """The key that a secret's value stands for: after `whsec_` base64, else its text as it is.
    Raises ValueError where `whsec_` is followed by something else."""
    if not value.startswith(PREFIX):
        return value.encode()
    text = value.removeprefix(PREFIX)
    try:
        key = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except binascii.Error:
        key = b""
    if not key:
        raise ValueError("After whsec_ comes base64, and this is not.")
    return key


def sign(secret: SecretValue, message_id: str, timestamp: datetime, body: bytes) -> str:
    """The value of `webhook-signature`: one signature, or two, separated by a space, while the
    secret is being rotated. `body` is UTF-8."""
    return " ".join(_signatures(secret, message_id, timestamp, body.decode()))


def verify(secret: SecretValue, headers: Mapping[str, str], body: bytes, now: datetime) -> None:
    """Return if the headers carry a signature of this body made with the secret (or the one before
    it, while that is valid) within five minutes of now; else raise BadSignature."""
    if secret.fault:
        raise BadSignature(secret.fault)
    given = {name.lower(): value for name, value in headers.items()}
    message_id = _header(given, "webhook-id")
    at = _timestamp(_header(given, "webhook-timestamp"), now)
    theirs = _v1(_header(given, "webhook-signature"))
    ours = _signatures(secret, message_id, at, _text(body))
    # Every pair is compared, and each in constant time: how long it takes says nothing.
    matches = [hmac.compare_digest(a.encode(), b.encode()) for a in ours for b in theirs]
    if not any(matches):
        raise BadSignature("No signature in webhook-signature fits the secret and the body.")


def _signatures(secret: SecretValue, message_id: str, at: datetime, body: str) -> list[str]:
    values = [secret.value] if secret.previous is None else [secret.value, secret.previous]
    return [Webhook(signing_key(value)).sign(message_id, at, body) for value in values]


def _header(given: Mapping[str, str], name: str) -> str:
    value = given.get(name, "").strip()
    if not value:
        raise BadSignature(f"The header {name} is missing.")
    if not value.isprintable() or (name == "webhook-id" and len(value) > _LONGEST_ID):
        raise BadSignature(f"The header {name} is malformed.")
    return value


def _timestamp(text: str, now: datetime) -> datetime:
    if not _SECONDS.fullmatch(text):
        raise BadSignature("The header webhook-timestamp is malformed: whole seconds since 1970.")
    seconds = int(text)
    if abs(seconds - now.timestamp()) > TOLERANCE.total_seconds():
        raise BadSignature("webhook-timestamp is more than five minutes away from now.")
    return datetime.fromtimestamp(seconds, UTC)


def _text(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError:
        raise BadSignature("The body is not UTF-8 text.") from None


def _v1(text: str) -> list[str]:
    """The signatures of the version we know, as `v1,…`; those of other versions are passed over."""
    found = [part for part in text.split(" ") if part.startswith("v1,")]
    if not found or len(found) > _MOST_SIGNATURES:
        raise BadSignature("The header webhook-signature is malformed: v1,SIGNATURE.")
    return found
