"""PUSH: Web Push to every browser of a person (RFC 8030, 8188, 8291, 8292)."""

import os
from datetime import timedelta
from urllib.parse import urlsplit

from app import clock
from app.config import Settings
from app.domain import push
from app.domain.outcomes import Outcome
from app.domain.push import Sent
from app.mailbox import Mailbox
from workers.channels.base import Message, PushTarget, post
from workers.outbound import CancelToken, Request
from workers.tools import Tools

KEPT_FOR = 24 * 3600  # seconds a push service keeps it for a browser that is off
TOKEN_LIVES = timedelta(hours=12)  # services refuse more than 24 h


def send(message: Message, tools: Tools, cancel: CancelToken) -> Outcome:
    """Send to one browser after the other; together they get the time of one try."""
    until = clock.monotonic() + message.timeout
    payload = push.payload(message.content, message.link, message.token)
    sent = [_send(target, payload, message, until, tools, cancel) for target in message.targets]
    request = {**message.content, "link": message.link, "browsers": len(message.targets)}
    return push.combine(sent, request)


def _send(
    target: PushTarget,
    payload: bytes,
    message: Message,
    until: float,
    tools: Tools,
    cancel: CancelToken,
) -> Sent:
    host = urlsplit(target.endpoint).netloc
    left = until - clock.monotonic()
    if cancel.cancelled:
        return Sent(target.id, host, Outcome(verdict="returned", error="The attempt was stopped."))
    if left <= 0:
        late = "There was no time left for this browser."
        return Sent(target.id, host, Outcome(verdict="retry", error=late))
    try:
        body = _encrypted(payload, target)
        headers = _headers(target, message.token, tools.settings)
    except ValueError:
        unusable = "The browser's subscription can't be used: its keys or its address are no good."
        return Sent(target.id, host, Outcome(verdict="failed", error=unusable))
    request = Request("POST", target.endpoint, headers, body, left)
    return Sent(target.id, host, post(request, {}, tools, cancel))


def _encrypted(payload: bytes, target: PushTarget) -> bytes:
    """With a key of this message alone, so that the service can't read it."""
    # Imported late: only who sends push messages needs it.
    import http_ece
    from cryptography.hazmat.primitives.asymmetric import ec

    return http_ece.encrypt(
        payload,
        salt=os.urandom(16),
        private_key=ec.generate_private_key(ec.SECP256R1()),
        dh=push.decoded(target.p256dh),
        auth_secret=push.decoded(target.auth),
        version="aes128gcm",
    )


def _headers(target: PushTarget, token: str, settings: Settings) -> dict[str, str]:
    return {
        "Content-Type": "application/octet-stream",
        "Content-Encoding": "aes128gcm",
        "TTL": str(KEPT_FOR),
        "Urgency": "high",
        # A second message of the same topic replaces the first where it still waits.
        "Topic": token.replace("-", "")[:32],
        "Authorization": _authorization(target.endpoint, settings),
    }


def _authorization(endpoint: str, settings: Settings) -> str:
    from py_vapid import Vapid02, VapidException

    # Not strict: it knows no `mailto:` at a host without a dot.
    signer = Vapid02(push.private_key(settings.vapid_private_key), conf={"no-strict": True})
    parts = urlsplit(endpoint)
    claims = {
        "aud": f"{parts.scheme}://{parts.netloc}",
        "exp": int((clock.now() + TOKEN_LIVES).timestamp()),
        "sub": _whom_to_write_to(settings),
    }
    try:
        return signer.sign(claims)["Authorization"]
    except VapidException as error:  # an address it finds odd
        raise ValueError(str(error)) from None


def _whom_to_write_to(settings: Settings) -> str:
    """Push services want to know whom to ask when something goes wrong."""
    if settings.base_url.startswith("https:"):
        return settings.base_url
    return f"mailto:{Mailbox.parse(settings.mail_from).address}"
