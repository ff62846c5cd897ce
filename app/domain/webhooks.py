"""Building a webhook request. Pure: nothing is sent here."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.domain import urls
from app.domain.placeholders import fill, fill_text, written
from app.domain.redaction import readable, redact


@dataclass(frozen=True, slots=True)
class WebhookRequest:
    """A request ready to be sent."""

    method: str
    url: str
    headers: list[tuple[str, str]]
    body: bytes | None


class SecretMissing(LookupError):
    """The step names a secret that does not exist; `name` says which."""

    def __init__(self, name: str) -> None:
        super().__init__(f"There is no secret named {name}.")
        self.name = name


def build(
    config: Mapping[str, Any], context: Mapping[str, Any], token: str, now: datetime
) -> WebhookRequest:
    """Fill a webhook's config in. `webhook-id` is the execution token, the same on every attempt
    (Standard Webhooks 1.0); `webhook-timestamp` is this attempt's. Raises MissingPath,
    AddressRefused, or SecretMissing: signing and auth take their secrets here."""
    for name in _secrets_named(config):
        raise SecretMissing(name)
    headers = [
        ("webhook-id", token),
        ("webhook-timestamp", str(int(now.timestamp()))),
        *((name, fill_text(value, context)) for name, value in config["headers"].items()),
    ]
    body = _body(fill(config["body"], context), headers)
    return WebhookRequest(config["method"], urls.fill(config["url"], context), headers, body)


def _secrets_named(config: Mapping[str, Any]) -> list[str]:
    auth: dict[str, Any] = config.get("auth") or {}
    return [name for name in (config.get("signingSecret"), auth.get("secret")) if name]


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
    return {
        "method": request.method,
        "url": request.url,
        "headers": redact(request.headers),
        "body": readable(request.body),
    }
