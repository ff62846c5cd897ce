"""What a receiver's answer means for the step. Pure."""

from collections.abc import Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Any, cast

from app.domain.outcomes import Outcome
from app.domain.redaction import readable, redact
from app.domain.retries import read_retry_after
from app.errors import Malformed
from app.schemas.base import loads

# Answers that say 'not now' rather than 'no': timeout, conflict, too early, too many requests.
_TRY_AGAIN = frozenset({408, 409, 425, 429})
_MAY_NAME_A_TIME = frozenset({429, 503})


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
