"""What a receiver's answer means for the step. Pure."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from http import HTTPStatus
from typing import Any, cast

from app.domain.conditions import compare
from app.domain.outcomes import Outcome
from app.domain.paths import MissingPath, resolve
from app.domain.placeholders import written
from app.domain.redaction import LOGGED_BODY, readable, redact
from app.domain.retries import read_retry_after
from app.errors import Malformed
from app.schemas.base import loads

# Answers that say 'not now' rather than 'no': timeout, conflict, too early, too many requests.
TRY_AGAIN = frozenset({408, 409, 425, 429})
_MAY_NAME_A_TIME = frozenset({429, 503})
MAX_OUTPUT = 16 * 1024  # bytes of JSON that a mapped output may have


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back from a host: all of the body that was read, and whether there was more."""

    host: str
    status: int
    headers: Sequence[tuple[str, str]]
    body: bytes
    truncated: bool = False


def judge(answer: Answer, config: Mapping[str, Any], now: datetime) -> Outcome:
    """What an answer means for a step with this config, with the answer as it is logged.

    A status that the step names as a success is one. Else 408, 409, 425, 429 and 5xx may be tried
    again, and 3xx and all other 4xx are final. A success must also hold what the step expects."""
    outcome, missing = _judged(answer, config, now)
    return replace(outcome, response=_logged(answer, missing))


def _judged(
    answer: Answer, config: Mapping[str, Any], now: datetime
) -> tuple[Outcome, Sequence[str]]:
    """The outcome, and the paths of `output` that led nowhere."""
    if not is_success(answer.status, config):
        return _refused(answer, now), ()
    document = read(answer)
    for wish in config.get("expect") or ():
        if not holds(wish, document):
            return _unexpected(answer, document, wish, config), ()
    if config.get("output") is None:
        return _done(answer, _whole_output(answer)), ()
    output, missing = mapped(document, config["output"])
    return _done(answer, output), missing


def is_success(status: int, config: Mapping[str, Any]) -> bool:
    """Whether the step takes this status for a success."""
    named: list[int | str] = config.get("successStatus") or ["2xx"]
    return status in named or f"{status // 100}xx" in named


def read(answer: Answer) -> dict[str, Any]:
    """The answer as paths see it: `status`, `headers` (names in lower case), and `body`, parsed
    if it is JSON. No body, no `body`."""
    headers: dict[str, str] = {}
    for name, value in answer.headers:
        key = name.lower()
        headers[key] = f"{headers[key]}, {value}" if key in headers else value
    document = {"status": answer.status, "headers": headers}
    return document | {"body": _parsed(answer.body)} if answer.body else document


def _parsed(body: bytes) -> Any:
    try:
        return loads(body)
    except Malformed:
        return readable(body)


def find(document: Mapping[str, Any], path: str) -> Any:
    """Follow a path into an answer. Raises MissingPath."""
    root, _, name = path.partition(".")
    if root != "headers":
        return resolve(document, path)
    if name not in document["headers"]:
        raise MissingPath(path)
    return document["headers"][name]


def holds(wish: Mapping[str, Any], document: Mapping[str, Any]) -> bool:
    """Whether what came in is as it is expected to be."""
    try:
        value = find(document, wish["path"])
    except MissingPath:
        return wish["op"] == "exists" and wish["value"] is False
    return compare(value, wish["op"], wish["value"])


def _refused(answer: Answer, now: datetime) -> Outcome:
    status = answer.status
    if status >= 500 or status in TRY_AGAIN:
        return Outcome(
            verdict="retry",
            status_code=status,
            error=_line(answer),
            retry_after=_retry_after(answer, now),
        )
    more = ""
    if status == 410:
        more = ": the receiver says that this address is gone for good"
    elif 300 <= status < 400:
        more = ": redirects are not followed"
    return Outcome(verdict="failed", status_code=status, error=_line(answer) + more)


def _unexpected(
    answer: Answer,
    document: Mapping[str, Any],
    wish: Mapping[str, Any],
    config: Mapping[str, Any],
) -> Outcome:
    error = f"{_line(answer)}, but expected {wanted(wish)}; {_found(answer, document, wish)}"
    again = config.get("expectFailure") == "retry"
    return Outcome(verdict="retry" if again else "failed", status_code=answer.status, error=error)


def wanted(wish: Mapping[str, Any]) -> str:
    """An expectation in words."""
    if wish["op"] == "exists":
        return f"{wish['path']} {'' if wish['value'] else 'not '}to be there"
    return f"{wish['path']} {wish['op']} {short(wish['value'])}"


def _found(answer: Answer, document: Mapping[str, Any], wish: Mapping[str, Any]) -> str:
    try:
        return f"it was {short(find(document, wish['path']))}"
    except MissingPath:
        pass
    if wish["path"].startswith("body") and isinstance(document.get("body"), str):
        too_long = "the answer was too long to be read as JSON"
        return too_long if answer.truncated else "the answer was text, not a JSON object"
    return "it was missing"


def short(value: Any) -> str:
    """A value as it may stand in a sentence."""
    text = written(value) if not isinstance(value, str) else f'"{value}"'
    return readable((text if len(text) <= 60 else text[:57] + "…").encode("utf-8", "replace")) or ""


def _line(answer: Answer) -> str:
    return f"{answer.status} {_phrase(answer.status)} from {answer.host}".replace("  ", " ")


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def _retry_after(answer: Answer, now: datetime) -> float | None:
    if answer.status not in _MAY_NAME_A_TIME:
        return None
    values = (value for name, value in answer.headers if name.lower() == "retry-after")
    value = next(values, None)
    return read_retry_after(value, now) if value else None


def _done(answer: Answer, output: dict[str, Any]) -> Outcome:
    return Outcome(verdict="done", status_code=answer.status, output=output)


def _whole_output(answer: Answer) -> dict[str, Any]:
    """A JSON object is the output itself; anything else stands under `body`."""
    if not answer.body:
        return {}
    if len(answer.body) > LOGGED_BODY:
        return {"body": readable(answer.body)}
    value = _parsed(answer.body)
    return cast(dict[str, Any], value) if isinstance(value, dict) else {"body": value}


def mapped(
    document: Mapping[str, Any], output: Mapping[str, str]
) -> tuple[dict[str, Any], list[str]]:
    """The output that the step asks for. What can't be had is null and is named: the receiver has
    acted, so this is no reason to fail."""
    found: dict[str, Any] = {}
    missing: list[str] = []
    room = MAX_OUTPUT
    for name, path in output.items():
        value, size = _fitting(document, path, room)
        if size is None:
            missing.append(path)
        found[name] = value
        room -= size or 0
    return found, missing


def _fitting(document: Mapping[str, Any], path: str, room: int) -> tuple[Any, int | None]:
    """The value at a path and the bytes that it takes; none if it is not there or too large."""
    try:
        value = find(document, path)
    except MissingPath:
        return None, None
    size = len(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"))
    return (value, size) if size <= room else (None, None)


def _logged(answer: Answer, missing: Sequence[str]) -> dict[str, Any]:
    """The answer as it goes into the log. `missing`: paths of `output` that led nowhere."""
    logged = {
        "status": answer.status,
        "headers": redact(answer.headers),
        "body": readable(answer.body),
        "truncated": answer.truncated or len(answer.body) > LOGGED_BODY,
    }
    return logged | {"missing": list(missing)} if missing else logged
