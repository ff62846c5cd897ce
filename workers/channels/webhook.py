"""WEBHOOK: JSON to a URL that the policy names, signed when it names a secret."""

import json
from dataclasses import replace

from app import clock
from app.domain import signatures, webhooks
from app.domain.outcomes import Outcome
from app.domain.webhooks import WebhookRequest
from workers.channels.base import Message, post
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
    if message.secret is not None:
        if message.secret.fault:
            return Outcome(verdict="failed", error=message.secret.fault)
        signed = signatures.sign(message.secret, message.token, now, body)
        headers.append(("webhook-signature", signed))
    logged = webhooks.logged_request(WebhookRequest("POST", message.address, headers, body))
    request = Request("POST", message.address, headers, body, message.timeout)
    outcome = post(request, logged, tools, cancel)
    return replace(outcome, output={})  # what a receiver of news answers is nobody's input
