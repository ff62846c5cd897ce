"""What the OpenAPI document says of answers: their bodies, their headers, and what can go wrong."""

from collections.abc import Mapping
from typing import Any

from werkzeug.routing import Rule

from app.api import examples, idempotency, problems
from app.api.endpoint import Description
from app.config import Settings
from app.request_counts import WINDOW
from app.schemas.instance import BulkOut
from app.schemas.problem import PageOut, Problem

COMPONENTS = "#/components/schemas/"
TITLES = {
    400: "The request could not be read.",
    401: "No token, or one that is not valid.",
    403: "The token's role does not allow this.",
    404: "There is no such thing.",
    409: "Not in its present state; or another request with this Idempotency-Key is at work.",
    410: "The step that the call is for was passed over.",
    412: "Somebody else changed it: it is no longer what `If-Match` or the body names.",
    413: "The body is too large.",
    415: "The body is not JSON.",
    422: "Something in the body or the query is not as it should be.",
    429: "Too many requests in this minute; `Retry-After` says when to come again.",
    503: "Something Runsheet needs does not answer.",
}
_TOKENS = Settings.default("api_rate_limit")
_TEXT = {"type": "string"}
HEADERS: Mapping[str, dict[str, Any]] = {
    "Location": {
        "description": "Where the thing that was made can be read.",
        "required": True,
        "schema": _TEXT,
        "example": "/api/workflows/instances/1042",
    },
    "ETag": {
        "description": "A mark of what was answered; send it as If-Match.",
        "required": True,
        "schema": _TEXT,
        "example": '"7"',
    },
    idempotency.REPLAYED: {
        "description": "`true`: the first answer under this Idempotency-Key, given again.",
        "schema": {"type": "string", "enum": ["true"]},
        "example": "true",
    },
    "RateLimit-Policy": {
        "description": "The limit: `q` requests in `w` seconds.",
        "required": True,
        "schema": _TEXT,
        "example": f'"token";q={_TOKENS};w={WINDOW}',
    },
    "RateLimit": {
        "description": "How it stands: `r` more requests in the next `t` seconds.",
        "required": True,
        "schema": _TEXT,
        "example": f'"token";r={_TOKENS - 1};t={WINDOW}',
    },
    "WWW-Authenticate": {
        "description": "How to prove who asks.",
        "required": True,
        "schema": _TEXT,
        "example": "Bearer",
    },
    "Retry-After": {
        "description": "In how many seconds it is worth trying again.",
        "required": True,
        "schema": {"type": "string", "pattern": "^[0-9]+$"},
        "example": problems.TRY_AGAIN_SECONDS,
    },
}
_LIMIT = ("RateLimit-Policy", "RateLimit")
_OF_ERRORS = {
    401: ["WWW-Authenticate"],
    429: [*_LIMIT, "Retry-After"],
    503: ["Retry-After"],
}
_TOO_MANY = {"$ref": "#/components/responses/TooManyRequests"}


def answers(
    rule: Rule, method: str, about: Description, components: dict[str, Any]
) -> dict[str, Any]:
    """Everything that an operation can answer, by status."""
    good = {code: _good(method, code, about, components) for code in (about.status, *about.also)}
    bad = {code: _problem(code) for code in errors_of(rule, method, about) if code not in good}
    limited = {429: _TOO_MANY} if rule.rule.startswith("/api/") else {}
    return {str(code): answer for code, answer in sorted((good | bad | limited).items())}


def too_many() -> dict[str, Any]:
    """What is answered beyond the limit, alike everywhere."""
    return _problem(429)


def errors_of(rule: Rule, method: str, about: Description) -> set[int]:
    """The statuses of what can go wrong."""
    codes = set(about.errors)
    if about.permission is not None:
        codes |= {401, 403, 503}
    if rule.arguments:
        codes.add(404)
    if about.query is not None:
        codes |= {400, 422}
    if method != "GET":
        codes |= {400, 413}
    if about.takes is not None:
        codes |= {415, 422}
    if method == "POST":
        codes.add(409)
        codes |= {422} if about.permission is not None else set()
    return codes


def reference(model: Any) -> dict[str, Any]:
    return {"$ref": COMPONENTS + model.__name__}


def _good(method: str, code: int, about: Description, components: dict[str, Any]) -> dict[str, Any]:
    answer: dict[str, Any] = {"description": about.summary}
    headers = {name: HEADERS[name] for name in _headers(method, code, about)}
    if headers:
        answer["headers"] = headers
    if isinstance(about.gives, str):
        schema = {} if about.gives.endswith("json") else {"type": "string"}
        answer["content"] = {about.gives: {"schema": schema}}
    elif about.gives is not None:
        schema = _of_many(about) if about.many else reference(about.gives)
        shown = {"schema": schema, "example": examples.of(schema, components)}
        answer["content"] = {"application/json": shown}
        if about.yaml and method == "GET":
            answer["content"]["application/yaml"] = shown
    return answer


def _of_many(about: Description) -> dict[str, Any]:
    items = {"properties": {"items": {"type": "array", "items": reference(about.gives)}}}
    return {"allOf": [reference(PageOut), {"type": "object", **items}]}


def _headers(method: str, code: int, about: Description) -> list[str]:
    found = ["Location"] if code == 201 and about.gives is not BulkOut else []
    if about.marked:
        found.append("ETag")
    if method == "POST" and about.permission is not None:
        found.append(idempotency.REPLAYED)
    return found


def _problem(code: int) -> dict[str, Any]:
    shown = {"schema": reference(Problem), "example": examples.problem(code)}
    answer: dict[str, Any] = {"description": TITLES[code], "content": {problems.MEDIA_TYPE: shown}}
    headers = {name: HEADERS[name] for name in _OF_ERRORS.get(code, [])}
    return answer | ({"headers": headers} if headers else {})
