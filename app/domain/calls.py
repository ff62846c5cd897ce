"""What a call to a callback URL says, and what it means for the step. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from app.domain.callback_urls import CONCEALED, conceal
from app.domain.redaction import readable, redact
from app.errors import Invalid
from app.schemas.base import loads
from app.schemas.callback import CallIn

_OURS = frozenset(CallIn.model_fields)
_NO_REASON = "The call said that it failed."


@dataclass(frozen=True, slots=True)
class Call:
    """A call that could be understood.

    body      the object it carried
    request   how it stands in the log
    """

    body: dict[str, Any]
    request: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What becomes of the step: it fails with an error, or completes without one."""

    output: dict[str, Any] | None = None
    error: str | None = None
    reason: str | None = None


def read(method: str, headers: Sequence[tuple[str, str]], raw: bytes, url: str) -> Call:
    """Understand a call to `url`, whatever its Content-Type says; the URL itself is in none of
    what is kept. Raises Malformed or Invalid."""
    body: object = loads(raw) if raw.strip() else {}
    if not isinstance(body, dict):
        raise Invalid.at("", "Send a JSON object, or nothing at all.")
    found: dict[str, Any] = conceal(cast("dict[str, Any]", body), [url])
    _form_of(found)
    request = {
        "method": method,
        "url": CONCEALED,
        "headers": conceal(redact(headers), [url]),
        "body": readable(conceal(raw.decode(), [url]).encode()) if raw else None,
    }
    return Call(found, request)


def judge(body: dict[str, Any]) -> Verdict:
    """What a call with this body means for the step."""
    form = _form_of(body)
    if form is None:
        return Verdict(output=body)
    if form.outcome == "failed" or (form.outcome is None and form.error):
        error = form.error or form.reason or _NO_REASON
        return Verdict(output=form.output, error=error, reason=form.reason)
    return Verdict(output=form.output or {}, reason=form.reason)


def _form_of(body: dict[str, Any]) -> CallIn | None:
    """The body in our own form; None if it is the output itself. Raises Invalid."""
    return CallIn.read(body) if body.keys() <= _OURS else None


def on_timeout(config: Mapping[str, Any]) -> Verdict:
    """What becomes of a step that nobody called in time."""
    if config["onTimeout"] == "complete":
        return Verdict(output={"outcome": "timeout"})
    return Verdict(error=f"Nobody called within {config['timeout']}.")
