"""Building a webhook request. Pure: nothing is sent here."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from app.domain import host_binding, urls
from app.domain.paths import MissingPath
from app.domain.placeholders import fill, fill_text, written
from app.domain.redaction import Scrub, readable, redact, secret_mark
from app.domain.secret_values import SecretValue, secrets_named
from app.domain.signatures import sign

NO_SECRETS: Mapping[str, SecretValue] = {}


@dataclass(frozen=True, slots=True)
class WebhookRequest:
    """A request ready to be sent. Printing it shows no header.

    shown  what stands in the log instead of a header's value, by the header's name
    scrub  takes the secrets that it carries out of whatever comes back
    """

    method: str
    url: str
    headers: list[tuple[str, str]] = field(repr=False)
    body: bytes | None
    shown: Mapping[str, str] = field(default_factory=dict[str, str])
    scrub: Scrub = field(default_factory=Scrub, repr=False)


class SecretUnusable(Exception):
    """The step names a secret that can't be used here; the message says which and why."""


class SecretMissing(SecretUnusable):
    """The step names a secret that does not exist; `name` says which."""

    def __init__(self, name: str) -> None:
        super().__init__(f"There is no secret named {name}.")
        self.name = name


def build(
    config: Mapping[str, Any],
    context: Mapping[str, Any],
    token: str,
    now: datetime,
    secrets: Mapping[str, SecretValue] = NO_SECRETS,
) -> WebhookRequest:
    """Fill a webhook's config in. `webhook-id` is the execution token, the same on every attempt
    (Standard Webhooks 1.0); `webhook-timestamp` is this attempt's. Raises MissingPath,
    AddressRefused, or SecretUnusable."""
    url = urls.fill(config["url"], context)
    used = [usable(name, secrets, url) for name in secrets_named(config).values()]
    headers = [
        ("webhook-id", token),
        ("webhook-timestamp", str(int(now.timestamp()))),
        *((name, fill_text(value, context)) for name, value in config["headers"].items()),
    ]
    body = _body(fill(config["body"], context), headers)
    if name := config.get("signingSecret"):
        headers.append(("webhook-signature", sign(secrets[name], token, now, body or b"")))
    auth: dict[str, Any] = config.get("auth") or {}
    shown = dict([shown_auth(auth)]) if auth else {}
    if auth:
        header, value = _auth_header(auth, secrets[auth["secret"]].value)
        headers = [pair for pair in headers if pair[0].lower() != header.lower()]
        headers.append((header, value))
    return WebhookRequest(config["method"], url, headers, body, shown, _scrub(used, auth))


def not_made(missing: MissingPath) -> str:
    """The error of an attempt whose request could not be made."""
    return f"{missing.path} is missing: the request could not be made"


def usable(name: str, secrets: Mapping[str, SecretValue], url: str) -> SecretValue:
    """The secret of that name, if there is one that may go to this URL. Raises SecretUnusable."""
    secret = secrets.get(name)
    if secret is None:
        raise SecretMissing(name)
    if secret.fault is not None:
        raise SecretUnusable(secret.fault)
    if secret.hosts:
        target = host_binding.target_of(url)
        if not host_binding.permits(secret.hosts, target.host, target.port):
            allowed = host_binding.in_words(secret.hosts)
            raise SecretUnusable(
                f"The secret {name} may be sent to {allowed} only, not to {target.authority}: "
                "nothing was sent."
            )
    return secret


def _auth_header(auth: Mapping[str, Any], value: str) -> tuple[str, str]:
    if auth["type"] == "bearer":
        return "Authorization", f"Bearer {value}"
    if auth["type"] == "basic":
        pair = f"{auth.get('username') or ''}:{value}"
        return "Authorization", f"Basic {base64.b64encode(pair.encode()).decode()}"
    return auth.get("header") or "Authorization", value


def shown_auth(auth: Mapping[str, Any]) -> tuple[str, str]:
    """The header that a step's auth adds, and how logs and previews show its value: `Bearer
    [secret NAME]`, `Basic user:[secret NAME]`, `[secret NAME]`."""
    mark = secret_mark(auth["secret"])
    if auth["type"] == "bearer":
        return "Authorization", f"Bearer {mark}"
    if auth["type"] == "basic":
        return "Authorization", f"Basic {auth.get('username') or ''}:{mark}"
    return auth.get("header") or "Authorization", mark


def _scrub(used: list[SecretValue], auth: Mapping[str, Any]) -> Scrub:
    taken = [
        (value, secret_mark(secret.name))
        for secret in used
        for value in (secret.value, secret.previous)
        if value
    ]
    if auth.get("type") == "basic":
        # The pair as a whole as well: a short password has no spelling of its own in base64.
        secret = next(secret for secret in used if secret.name == auth["secret"])
        _, header = _auth_header(auth, secret.value)
        taken.append((header.removeprefix("Basic "), secret_mark(secret.name)))
    return Scrub(taken)


def _body(value: Any, headers: list[tuple[str, str]]) -> bytes | None:
    if value is None:
        return None
    text = isinstance(value, str)
    if not any(name.lower() == "content-type" for name, _ in headers):
        kind = "text/plain; charset=utf-8" if text else "application/json"
        headers.append(("Content-Type", kind))
    return written(value).encode("utf-8", "replace")


def logged_request(request: WebhookRequest) -> dict[str, Any]:
    """The request as it goes into the log: secrets taken out, a long body cut."""
    scrub = request.scrub.text
    headers = [
        [name, request.shown.get(name) or scrub(value)] for name, value in redact(request.headers)
    ]
    body = readable(request.body)
    return {
        "method": request.method,
        "url": scrub(request.url),
        "headers": headers,
        "body": body if body is None else scrub(body),
    }
