"""What /api/docs shows, made from the OpenAPI document: the routes by noun, each with what it takes
and a form to try it."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup, escape

Json = Mapping[str, Any]
DEEPEST = 4  # of an example: some schemas hold themselves


@dataclass(frozen=True, slots=True)
class Field:
    """A parameter, as its form asks for it. `where`: path, query or header."""

    name: str
    where: str
    about: str
    choices: list[str]
    required: bool


@dataclass(frozen=True, slots=True)
class Operation:
    """A route with its method. `example`: a body to begin with; `kinds`: what a body may be."""

    id: str
    method: str
    path: str
    summary: str
    about: str
    fields: list[Field]
    kinds: list[str]
    schema: str
    example: str
    answers: list[tuple[str, str]]
    is_open: bool


def with_code(text: str) -> Markup:
    """What stands between backticks in a description as code, all of it escaped."""
    parts = (
        Markup("<code>{}</code>").format(part) if at % 2 else escape(part)
        for at, part in enumerate(text.split("`"))
    )
    return Markup("").join(parts)


def nouns_of(document: Json) -> dict[str, list[Operation]]:
    """All operations by their noun, in the order of the document."""
    found: dict[str, list[Operation]] = {}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            noun = operation["tags"][0].replace("_", " ")
            found.setdefault(noun, []).append(_operation(document, path, method, operation))
    return dict(sorted(found.items()))


def _operation(document: Json, path: str, method: str, operation: Json) -> Operation:
    content = operation.get("requestBody", {}).get("content", {})
    schema = next(iter(content.values()), {}).get("schema", {})
    return Operation(
        id=operation["operationId"],
        method=method.upper(),
        path=path,
        summary=operation["summary"],
        about=operation["description"],
        fields=[_field(document, each) for each in operation["parameters"]],
        kinds=[*content],
        schema=schema.get("$ref", "").rpartition("/")[2],
        example=_body(document, content),
        answers=[
            (status, _resolved(document, each)["description"])
            for status, each in operation["responses"].items()
        ],
        is_open=operation.get("security") == [],
    )


def _field(document: Json, parameter: Json) -> Field:
    parameter = _resolved(document, parameter)
    schema = _resolved(document, parameter["schema"])
    about = parameter.get("description") or schema.get("description", "")
    default = schema.get("default")
    return Field(
        name=parameter["name"],
        where=parameter["in"],
        about=about if default in (None, False) else f"{about} Default: {default}.".strip(),
        choices=[str(one) for one in _choices(document, schema)],
        required=parameter.get("required", False),
    )


def _choices(document: Json, schema: Json) -> Iterator[Any]:
    schema = _resolved(document, schema)
    yield from schema.get("enum", ())
    if schema.get("type") == "boolean":
        yield from ("true", "false")
    for part in schema.get("anyOf", ()):
        yield from _choices(document, part)


def _body(document: Json, content: Json) -> str:
    """The first example of a body, or the least that its schema takes."""
    if not content:
        return ""
    media = next(iter(content.values()))
    given = [each["value"] for each in media.get("examples", {}).values() if "value" in each]
    given = [media["example"]] if "example" in media else given
    return json.dumps(
        given[0] if given else _example(document, media.get("schema", {}), 0),
        indent=2,
        ensure_ascii=False,
    )


def _example(document: Json, schema: Json, depth: int) -> Any:
    schema = _resolved(document, schema)
    if schema.get("examples"):
        return schema["examples"][0]
    if "default" in schema or "const" in schema or "enum" in schema:
        return schema.get("default", schema.get("const", next(iter(schema.get("enum", [None])))))
    if "properties" in schema and depth < DEEPEST:
        required = schema.get("required", ())
        parts = {name: schema["properties"][name] for name in required}
        return {name: _example(document, part, depth + 1) for name, part in parts.items()}
    if schema.get("anyOf") and depth < DEEPEST:
        return _example(document, schema["anyOf"][0], depth + 1)
    empty = {"array": [], "integer": 1, "number": 1, "boolean": False, "string": "", "null": None}
    return empty.get(schema.get("type", "object"), {})


def _resolved(document: Json, part: Json) -> Json:
    while "$ref" in part:
        found: Any = document
        for name in part["$ref"].removeprefix("#/").split("/"):
            found = found[name]
        part = found
    return part
