"""WEBHOOK: JSON to a URL that the policy names, signed when it names a secret."""

import json
from dataclasses import replace

from app import clock
from app.domain import signatures, webhooks
from app.domain.addresses import AddressRefused
from app.domain.outcomes import Outcome
from app.domain.redaction import Scrub, secret_mark
from app.domain.secret_values import SecretValue
from app.domain.webhooks import SecretUnusable, WebhookRequest
from workers.channels.base import NOTHING, Message, post
from workers.outbound import CancelToken, Request
from workers.tools import Tools


def send(message: Message, tools: Tools, cancel: CancelToken) -> Outcome:
    """Post once. `webhook-id` is the delivery's token."""
    now = clock.now()
    body = json.dumps(message.content.get("body"), ensure_ascii=False).encode("utf-8", "replace")
    headers = [
        ("webhook-id", message.token),
        ("webhook-timestamp", str(int(now.timestamp()))),
        ("Content-Type", "application/json"),
    ]
    scrub = NOTHING
    if message.signing_secret:
        try:
            secret = webhooks.usable(message.signing_secret, message.secrets, message.address)
        except (SecretUnusable, AddressRefused) as unusable:
            return Outcome(verdict="failed", error=str(unusable))
        headers.append(("webhook-signature", signatures.sign(secret, message.token, now, body)))
        scrub = _scrub(secret)
    logged = webhooks.logged_request(WebhookRequest("POST", message.address, headers, body))
    request = Request("POST", message.address, headers, body, message.timeout)
    outcome = post(request, logged, tools, cancel, scrub)
    return replace(outcome, output={})  # what a receiver of news answers is nobody's input


def _scrub(secret: SecretValue) -> Scrub:
    values = [value for value in (secret.value, secret.previous) if value]
    return Scrub((value, secret_mark(secret.name)) for value in values)
