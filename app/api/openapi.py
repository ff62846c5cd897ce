"""The OpenAPI 3.1 document, made from the descriptions of the views and the schemas they name."""

import re
from collections.abc import Iterator
from typing import Any

from flask import Flask
from pydantic.json_schema import models_json_schema
from werkzeug.routing import Rule

from app.api import idempotency, problems
from app.api.converters import IdConverter, KeyConverter, SecretConverter
from app.api.endpoint import Description, description_of
from app.schemas.base import Schema
from app.schemas.problem import PageOut, Problem
from app.version import VERSION

COMPONENTS = "#/components/schemas/"
TITLES = {
    400: "The request could not be read.",
    401: "No token, or one that is not valid.",
    403: "The token's role does not allow this.",
    404: "There is no such thing.",
    409: "Not in its present state; or another request with this Idempotency-Key is at work.",
    410: "The step that the call is for was passed over.",
    412: "The draft was changed by somebody else.",
    413: "The body is too large.",
    415: "The body is not JSON.",
    422: "Something in the body or the query is not as it should be.",
    429: "Too many requests in this minute; `Retry-After` says when to come again.",
    503: "Something Runsheet needs does not answer.",
}
DESCRIPTION = (
    "Times are UTC, ISO 8601, with `Z`. Every POST with a token takes an `Idempotency-Key`: for "
    "24 hours the same key and body get the first answer again (only successes are kept), another "
    "body 422. Errors are `application/problem+json` (RFC 9457) with `errors: [{path, message}]`. "
    "Every answer to a token says in `RateLimit` how many requests are left in this minute."
)
_RATE_HEADERS = {
    "RateLimit-Policy": "The limit: `q` requests in `w` seconds.",
    "RateLimit": "How it stands: `r` more requests in the next `t` seconds.",
    "Retry-After": "Seconds after which to come again.",
}
TOO_MANY = {"$ref": "#/components/responses/TooManyRequests"}
_VARIABLE = re.compile(r"<(?:[a-z]+:)?([a-z_]+)>")


def document(app: Flask) -> dict[str, Any]:
    """Describe all routes of the application that have a description."""
    routes = list(described_routes(app))
    return {
        "openapi": "3.1.0",
        "info": {"title": "Runsheet", "version": VERSION, "description": DESCRIPTION},
        "servers": [{"url": "/"}],
        "security": [{"token": []}],
        "paths": _paths(routes),
        "components": {
            "schemas": _schemas([about for _, _, about in routes]),
            "responses": {"TooManyRequests": _too_many()},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def described_routes(app: Flask) -> Iterator[tuple[Rule, str, Description]]:
    """Each rule and method with its description, by path, in the order of the noun's life."""
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule):
        about = description_of(app.view_functions[rule.endpoint])
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
            if about is not None and method in (rule.methods or ()):
                yield rule, method, about


def path_of(rule: Rule) -> str:
    """A rule as OpenAPI writes it: `/instances/{instanceId}`."""
    return _VARIABLE.sub(lambda match: f"{{{_camel(match[1])}}}", rule.rule)


def _paths(routes: list[tuple[Rule, str, Description]]) -> dict[str, Any]:
    paths: dict[str, Any] = {}
    for rule, method, about in routes:
        paths.setdefault(path_of(rule), {})[method.lower()] = _operation(rule, method, about)
    return paths


def _operation(rule: Rule, method: str, about: Description) -> dict[str, Any]:
    noun, _, verb = rule.endpoint.partition(".")
    operation: dict[str, Any] = {
        "operationId": _camel(verb),
        "summary": about.summary,
        "tags": [noun.removeprefix("api_")],
        "parameters": _parameters(rule, method, about),
        "responses": _responses(rule, method, about),
    }
    operation["description"] = f"Needs the permission: {about.permission}."
    if about.permission is None:
        operation["description"] = "Open to all."
        operation["security"] = []
    if about.takes is not None:
        operation["requestBody"] = _body(about)
    return operation


def _responses(rule: Rule, method: str, about: Description) -> dict[str, Any]:
    found = {code: _problem(code) for code in _errors(rule, method, about)}
    if rule.rule.startswith("/api/"):
        found[429] = TOO_MANY
    found |= {code: _answer(about) for code in (about.status, *about.also)}
    return {str(code): found[code] for code in sorted(found)}


def _parameters(rule: Rule, method: str, about: Description) -> list[dict[str, Any]]:
    parameters = [
        {"name": _camel(name), "in": "path", "required": True, "schema": _path_schema(rule, name)}
        for name in _VARIABLE.findall(rule.rule)
    ]
    if about.query is not None:
        for name, schema in about.query.model_json_schema()["properties"].items():
            # Enumerations are inlined: a query has no components of its own.
            parameters.append({"name": name, "in": "query", "schema": _inlined(about, schema)})
    if method == "POST" and about.permission is not None:
        limits = {"type": "string", "minLength": 1, "maxLength": idempotency.LONGEST}
        parameters.append({"name": idempotency.HEADER, "in": "header", "schema": limits})
    if about.gives == "text/event-stream":
        number = {"type": "string", "description": "The number of the last event known."}
        parameters.append({"name": "Last-Event-ID", "in": "header", "schema": number})
    if 412 in about.errors:
        parameters.append({"name": "If-Match", "in": "header", "schema": {"type": "string"}})
    return parameters


def _inlined(about: Description, schema: Any) -> Any:
    definitions = about.query.model_json_schema().get("$defs", {}) if about.query else {}
    if isinstance(schema, dict):
        if "$ref" in schema:
            return definitions[schema["$ref"].rpartition("/")[2]]
        return {name: _inlined(about, part) for name, part in schema.items()}
    return [_inlined(about, part) for part in schema] if isinstance(schema, list) else schema


def _path_schema(rule: Rule, name: str) -> dict[str, Any]:
    converter = rule._converters[name]
    if isinstance(converter, IdConverter):
        return {"type": "integer", "minimum": 0, "maximum": 10**18 - 1}
    named = isinstance(converter, KeyConverter | SecretConverter)
    pattern = {"pattern": f"^{converter.regex}$"} if named else {}
    return {"type": "string", **pattern}


def _body(about: Description) -> dict[str, Any]:
    media_types = ["application/json", *(["application/yaml"] if about.yaml else [])]
    schema = _reference(about.takes)
    # Where nothing is required of a body, none need be sent.
    required = any(part.is_required() for part in (about.takes or Schema).model_fields.values())
    return {"required": required, "content": {kind: {"schema": schema} for kind in media_types}}


def _answer(about: Description) -> dict[str, Any]:
    answer: dict[str, Any] = {"description": about.summary}
    if isinstance(about.gives, str):
        schema = {} if about.gives.endswith("json") else {"type": "string"}
        answer["content"] = {about.gives: {"schema": schema}}
    elif about.gives is not None:
        schema = _reference(about.gives)
        if about.many:
            items = {"properties": {"items": {"type": "array", "items": schema}}}
            schema = {"allOf": [_reference(PageOut), items]}
        answer["content"] = {"application/json": {"schema": schema}}
    return answer


def _problem(code: int) -> dict[str, Any]:
    content = {problems.MEDIA_TYPE: {"schema": _reference(Problem)}}
    return {"description": TITLES[code], "content": content}


def _too_many() -> dict[str, Any]:
    headers = {
        name: {"description": text, "schema": {"type": "string"}}
        for name, text in _RATE_HEADERS.items()
    }
    return _problem(429) | {"headers": headers}


def _errors(rule: Rule, method: str, about: Description) -> list[int]:
    codes = set(about.errors)
    if about.permission is not None:
        codes |= {401, 403, 503}
    if rule.arguments:
        codes.add(404)
    if about.query is not None:
        codes |= {400, 422}
    if about.takes is not None:
        codes |= {400, 413, 415, 422}
    if method == "POST":
        codes.add(409)
    return sorted(codes)


def _reference(model: Any) -> dict[str, Any]:
    return {"$ref": COMPONENTS + model.__name__}


def _schemas(descriptions: list[Description]) -> dict[str, Any]:
    taken = {about.takes for about in descriptions if about.takes is not None}
    given = {about.gives for about in descriptions if isinstance(about.gives, type)}
    modes: list[Any] = [(model, "validation") for model in taken | given | {Problem, PageOut}]
    modes.sort(key=lambda pair: pair[0].__name__)
    _, definitions = models_json_schema(modes, ref_template=COMPONENTS + "{model}")
    return dict(sorted(definitions["$defs"].items()))


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)
