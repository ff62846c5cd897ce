"""A push service and its browsers: takes messages only as the standards say (RFC 8030, 8188, 8291,
8292), and opens them with the private key of the subscription."""

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import http_ece
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from app.domain.push import decoded, encoded
from tests.support.receiver import Answer, Got, Receiver, receiving

LARGEST = 4096


@dataclass
class Subscription:
    """A browser's: `key` is the server's public key that it subscribed with."""

    path: str
    url: str
    key: str
    private: ec.EllipticCurvePrivateKey
    auth: bytes
    gone: bool = False
    messages: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])

    @property
    def endpoint(self) -> str:
        return self.url + self.path

    @property
    def p256dh(self) -> str:
        point = self.private.public_key().public_bytes(
            Encoding.X962, PublicFormat.UncompressedPoint
        )
        return encoded(point)

    def as_json(self) -> dict[str, Any]:
        """`PushSubscription.toJSON()`."""
        keys = {"p256dh": self.p256dh, "auth": encoded(self.auth)}
        return {"endpoint": self.endpoint, "expirationTime": None, "keys": keys}


@dataclass
class PushService:
    receiver: Receiver
    subscriptions: dict[str, Subscription] = field(default_factory=dict[str, Subscription])

    def subscribe(self, key: str) -> Subscription:
        path = f"/push/{len(self.subscriptions) + 1}-{encoded(os.urandom(12))}"
        private = ec.generate_private_key(ec.SECP256R1())
        made = Subscription(path, self.receiver.url, key, private, os.urandom(16))
        self.subscriptions[path] = made
        return made

    def answer(self, got: Got) -> Answer:
        found = self.subscriptions.get(got.path)
        if found is None:
            return 404, {}, b""
        if found.gone:
            return 410, {}, b"push subscription has unsubscribed or expired.\n"
        fault = _fault(found, got, self.receiver.url)
        if fault:
            return *fault, b""
        if len(got.body) > LARGEST:
            return 413, {}, b""
        found.messages.append(_opened(found, got.body))
        return 201, {"Location": f"{self.receiver.url}/message/{len(found.messages)}"}, b""


def _fault(found: Subscription, got: Got, url: str) -> tuple[int, dict[str, str]] | None:
    """What the service would not take; its words stand in a header for whoever debugs."""
    if not got.headers.get("ttl", "").isdigit():
        return 400, {"X-Why": "TTL is missing"}
    if got.headers.get("content-encoding") != "aes128gcm":
        return 400, {"X-Why": "not aes128gcm"}
    topic = got.headers.get("topic", "x")
    if len(topic) > 32 or not topic.replace("-", "").replace("_", "").isalnum():
        return 400, {"X-Why": "not a topic"}
    return _vapid_fault(got.headers.get("authorization", ""), found.key, url)


def _vapid_fault(authorization: str, key: str, url: str) -> tuple[int, dict[str, str]] | None:
    scheme, _, rest = authorization.partition(" ")
    given = dict(part.strip().split("=", 1) for part in rest.split(",") if "=" in part)
    if scheme != "vapid" or set(given) != {"t", "k"}:
        return 401, {"X-Why": "no vapid"}
    if given["k"] != key:
        return 403, {"X-Why": "another key than the subscription's"}
    signed, _, signature = given["t"].rpartition(".")
    raw = decoded(signature)
    point = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), decoded(key))
    r_s = encode_dss_signature(int.from_bytes(raw[:32]), int.from_bytes(raw[32:]))
    try:
        point.verify(r_s, signed.encode(), ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return 403, {"X-Why": "wrong signature"}
    claims = json.loads(decoded(signed.partition(".")[2]))
    if claims["aud"] != url or not claims["sub"].startswith(("mailto:", "https:")):
        return 403, {"X-Why": "claims"}
    if not 0 < claims["exp"] - time.time() <= 24 * 3600:
        return 403, {"X-Why": "exp"}
    return None


def _opened(found: Subscription, body: bytes) -> dict[str, Any]:
    opened = http_ece.decrypt(body, private_key=found.private, auth_secret=found.auth)
    return json.loads(opened)


@contextmanager
def push_service() -> Iterator[PushService]:
    with receiving() as receiver:
        service = PushService(receiver)
        receiver.answer = service.answer
        yield service
