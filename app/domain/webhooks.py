"""Building a webhook request and reading what its answer means. Pure: nothing is sent here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any, cast

from app.domain.outcomes import Outcome
from app.domain.placeholders import fill, fill_text, fill_url, written
from app.domain.retries import read_retry_after
from app.errors import Malformed
from app.schemas.base import loads

# Answers that say 'not now' rather than 'no': timeout, conflict, too early, too many requests.
_TRY_AGAIN = frozenset({408, 409, 425, 429})
_MAY_NAME_A_TIME = frozenset({429, 503})
LOGGED_BODY = 16 * 1024

_SECRET_HEADERS = frozenset(
    "authorization proxy-authorization cookie set-cookie x-api-key api-key x-auth-token "
    "x-access-token x-secret webhook-signature".split()
)
REDACTED = "[redacted]"


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
    (Standard Webhooks 1.0); `webhook-timestamp` is this attempt's. Raises MissingPath, or
    SecretMissing: signing and auth take their secrets here."""
    for name in _secrets_named(config):
        raise SecretMissing(name)
    headers = [
        ("webhook-id", token),
        ("webhook-timestamp", str(int(now.timestamp()))),
        *((name, fill_text(value, context)) for name, value in config["headers"].items()),
    ]
    body = _body(fill(config["body"], context), headers)
    return WebhookRequest(config["method"], fill_url(config["url"], context), headers, body)


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


def redact(headers: Sequence[tuple[str, str]]) -> list[list[str]]:
    """Headers as pairs, with the values of those that carry secrets taken out."""
    return [
        [name, REDACTED if name.lower() in _SECRET_HEADERS else readable(value.encode()) or ""]
        for name, value in headers
    ]


def readable(body: bytes | None) -> str | None:
    """Bytes as text that any database takes; None for nothing."""
    if body is None:
        return None
    return body[:LOGGED_BODY].decode("utf-8", "replace").replace("\x00", "\ufffd")


def judge(
    host: str, status: int, headers: Sequence[tuple[str, str]], body: bytes, now: datetime
) -> Outcome:
    """What an answer means for the step."""
    if 200 <= status < 300:
        return Outcome(verdict="done", status_code=status, output=_output(body))
    error = f"{status} {_phrase(status)} from {host}".replace("  ", " ")
    if status >= 500 or status in _TRY_AGAIN:
        retry_after = _retry_after(status, headers, now)
        return Outcome(verdict="retry", status_code=status, error=error, retry_after=retry_after)
    if status == 410:
        error += ": the receiver says this address is gone for good"
    elif 300 <= status < 400:
        error += ": redirects are not followed"
    return Outcome(verdict="failed", status_code=status, error=error)


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def _retry_after(status: int, headers: Sequence[tuple[str, str]], now: datetime) -> float | None:
    if status not in _MAY_NAME_A_TIME:
        return None
    value = next((value for name, value in headers if name.lower() == "retry-after"), None)
    return read_retry_after(value, now) if value else None


def _output(body: bytes) -> dict[str, Any]:
    """A JSON object is the output itself; anything else stands under `body`."""
    if not body:
        return {}
    try:
        value: Any = loads(body)
    except Malformed:
        return {"body": readable(body)}
    return cast(dict[str, Any], value) if isinstance(value, dict) else {"body": value}


def logged_response(
    status: int, headers: Sequence[tuple[str, str]], body: bytes, *, truncated: bool
) -> dict[str, Any]:
    """The answer as it goes into the log."""
    return {
        "status": status,
        "headers": redact(headers),
        "body": readable(body),
        "truncated": truncated,
    }
