"""The OpenAPI 3.1 document, made from the descriptions of the views and the schemas they name."""

import re
import sys
from collections.abc import Iterator
from typing import Any

from flask import Flask
from pydantic.json_schema import models_json_schema
from werkzeug.routing import Rule

from app.api import described, examples, idempotency
from app.api.converters import IdConverter, KeyConverter, SecretConverter, TokenConverter
from app.api.endpoint import Description, description_of
from app.api.openapi_answers import COMPONENTS, answers, reference, too_many
from app.api.parameters import MAX_SEQ
from app.domain.permissions import PERMISSIONS, WITH_AUTOMATION
from app.models.vocabulary import Role
from app.schemas.base import Schema
from app.schemas.problem import PageOut, Problem
from app.version import VERSION

DESCRIPTION = (
    "Times are UTC, ISO 8601, with `Z`. Every POST with a token takes an `Idempotency-Key`: for "
    "24 hours the same key and body get the first answer again (only successes are kept), another "
    "body 422. Errors are `application/problem+json` (RFC 9457) with `errors: [{path, message}]`. "
    "Every answer to a token says in `RateLimit` how many requests are left in this minute."
)
Route = tuple[Rule, str, Description]
_MADE = "runsheet_openapi"
_VARIABLE = re.compile(r"<(?:[a-z]+:)?([a-z_]+)>")


def document(app: Flask) -> dict[str, Any]:
    """Describe all routes of the application that have a description. Made once and not to be
    changed: it takes a while, and anybody may ask for it."""
    if _MADE not in app.extensions:
        app.extensions[_MADE] = _make(app)
    return app.extensions[_MADE]


def _make(app: Flask) -> dict[str, Any]:
    routes = list(described_routes(app))
    components = described.describe(_schemas([about for _, _, about in routes]))
    return {
        "openapi": "3.1.0",
        "info": {"title": "Runsheet", "version": VERSION, "description": DESCRIPTION},
        "servers": [{"url": "/"}],
        "security": [{"token": []}],
        "tags": _tags(app, routes),
        "paths": _paths(routes, components),
        "components": {
            "schemas": components,
            "responses": {"TooManyRequests": too_many()},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def described_routes(app: Flask) -> Iterator[Route]:
    """Each rule and method with its description, by path, in the order of the noun's life."""
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule):
        about = description_of(app.view_functions[rule.endpoint])
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
            if about is not None and method in (rule.methods or ()):
                yield rule, method, about


def path_of(rule: Rule) -> str:
    """A rule as OpenAPI writes it: `/instances/{instanceId}`."""
    return _VARIABLE.sub(lambda match: f"{{{_camel(match[1])}}}", rule.rule)


def _tags(app: Flask, routes: list[Route]) -> list[dict[str, str]]:
    """The nouns, each with what its module says of it."""
    found = {
        _noun(rule): (sys.modules[app.view_functions[rule.endpoint].__module__].__doc__ or "")
        for rule, _, _ in routes
    }
    return [
        {"name": name, "description": " ".join(text.split("\n\n")[0].split())}
        for name, text in sorted(found.items())
    ]


def _noun(rule: Rule) -> str:
    return rule.endpoint.partition(".")[0].removeprefix("api_")


def _paths(routes: list[Route], components: dict[str, Any]) -> dict[str, Any]:
    paths: dict[str, Any] = {}
    for rule, method, about in routes:
        operation = _operation(rule, method, about, components)
        paths.setdefault(path_of(rule), {})[method.lower()] = operation
    return paths


def _operation(
    rule: Rule, method: str, about: Description, components: dict[str, Any]
) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": _camel(rule.endpoint.partition(".")[2]),
        "summary": about.summary,
        "description": _who(about),
        "tags": [_noun(rule)],
        "parameters": _parameters(rule, method, about),
        "responses": answers(rule, method, about, components),
    }
    if about.permission is None:
        operation["security"] = []
    if about.takes is not None:
        operation["requestBody"] = _body(about, components)
    return operation


def _who(about: Description) -> str:
    if about.permission is None:
        return "Open to all; no token is asked for."
    roles = [role for role in Role if role in PERMISSIONS[about.permission]]
    beside = " who may add automation" if about.permission in WITH_AUTOMATION else ""
    return f"Needs the permission: {about.permission}. Roles: {', '.join(roles)}{beside}."


def _parameters(rule: Rule, method: str, about: Description) -> list[dict[str, Any]]:
    parameters = [
        {"name": _camel(name), "in": "path", "required": True, "schema": _path_schema(rule, name)}
        for name in _VARIABLE.findall(rule.rule)
    ]
    if about.query is not None:
        whole = about.query.model_json_schema()
        for name, schema in whole["properties"].items():
            # Enumerations are inlined: a query has no components of its own.
            schema = _inlined(schema, whole.get("$defs", {}))
            parameters.append({"name": name, "in": "query", "schema": schema})
    if method == "POST" and about.permission is not None:
        limits = {"type": "string", "minLength": 1, "maxLength": idempotency.LONGEST}
        printable = {"pattern": "^[ -~]*$"}
        schema = limits | printable
        parameters.append({"name": idempotency.HEADER, "in": "header", "schema": schema})
    if 412 in about.errors:
        parameters.append({"name": "If-Match", "in": "header", "schema": {"type": "string"}})
    if about.gives == "text/event-stream":
        schema = {"type": "integer", "minimum": 0, "maximum": MAX_SEQ}
        parameters.append({"name": "Last-Event-ID", "in": "header", "schema": schema})
    noun = _noun(rule)
    return [each | described.parameter(each["name"], noun, each["schema"]) for each in parameters]


def _inlined(schema: Any, definitions: dict[str, Any]) -> Any:
    if isinstance(schema, dict):
        if "$ref" in schema:
            return definitions[schema["$ref"].rpartition("/")[2]]
        return {name: _inlined(part, definitions) for name, part in schema.items()}
    return [_inlined(part, definitions) for part in schema] if isinstance(schema, list) else schema


def _path_schema(rule: Rule, name: str) -> dict[str, Any]:
    converter = rule._converters[name]
    if isinstance(converter, IdConverter):
        return {"type": "integer", "minimum": 0, "maximum": 10**18 - 1}
    named = isinstance(converter, KeyConverter | SecretConverter | TokenConverter)
    pattern = {"pattern": f"^{converter.regex}$"} if named else {}
    return {"type": "string", **pattern}


def _body(about: Description, components: dict[str, Any]) -> dict[str, Any]:
    media_types = ["application/json", *(["application/yaml"] if about.yaml else [])]
    schema = reference(about.takes)
    shown = {"schema": schema, "example": examples.of(schema, components)}
    # Where nothing is required of a body, none need be sent.
    required = any(part.is_required() for part in (about.takes or Schema).model_fields.values())
    return {"required": required, "content": dict.fromkeys(media_types, shown)}


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
