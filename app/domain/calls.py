"""What a call to a callback URL says, and what it means for the step. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from app.domain import answers
from app.domain.callback_urls import CONCEALED, conceal
from app.domain.paths import MissingPath
from app.domain.redaction import readable, redact
from app.errors import Invalid
from app.schemas.base import loads
from app.schemas.callback import CallIn
from app.schemas.durations import duration_words, parse_duration

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
    """What becomes of the step: it fails with an error, or completes without one. `missing`: the
    paths of its `output` that lead nowhere; they are null."""

    output: dict[str, Any] | None = None
    error: str | None = None
    reason: str | None = None
    missing: list[str] = field(default_factory=list[str])


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


def judge(body: dict[str, Any], config: Mapping[str, Any]) -> Verdict:
    """What a call with this body means for a step with this config."""
    form = _form_of(body)
    if form is not None and (form.outcome == "failed" or (form.outcome is None and form.error)):
        error = form.error or form.reason or _NO_REASON
        return Verdict(output=form.output, error=error, reason=form.reason)
    document = {"body": body}
    for wish in config.get("expect") or ():
        if not answers.holds(wish, document):
            return Verdict(error=_unexpected(wish, document))
    reason = form.reason if form else None
    if config.get("output") is not None:
        output, missing = answers.mapped(document, config["output"])
        return Verdict(output=output, missing=missing, reason=reason)
    return Verdict(output=body if form is None else form.output or {}, reason=reason)


def _unexpected(wish: Mapping[str, Any], document: Mapping[str, Any]) -> str:
    try:
        found = f"it was {answers.short(answers.find(document, wish['path']))}"
    except MissingPath:
        found = "it was missing"
    return f"The call was expected to hold {answers.wanted(wish)}; {found}."


def _form_of(body: dict[str, Any]) -> CallIn | None:
    """The body in our own form; None if it is the output itself. Raises Invalid."""
    return CallIn.read(body) if body.keys() <= _OURS else None


def on_timeout(config: Mapping[str, Any]) -> Verdict:
    """What becomes of a step that nobody called in time."""
    if config["onTimeout"] == "complete":
        return Verdict(output={"outcome": "timeout"})
    patience = duration_words(parse_duration(config["timeout"]))
    return Verdict(error=f"Nobody called within {patience}.")
