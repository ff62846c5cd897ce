"""The OpenAPI document is a text to read: everything in it is described and has an example that
is true, and every operation lists what it can answer."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from app.api import examples, openapi
from app.api.endpoint import Description
from app.api.words import SHARED
from app.api.words_of import OWN
from app.schemas.base import Schema
from tests.api.test_openapi import COMMITTED

HEADINGS = ("summary", "description", "operationId", "tags")


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """The committed one, which is the present one: tests/api/test_openapi.py."""
    return json.loads(COMMITTED.read_text())


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def media(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each body of a request or an answer, by where it stands."""
    for name, operation in operations(document):
        bodies = {"body": operation.get("requestBody", {}), **operation["responses"]}
        for part, body in bodies.items():
            for kind, content in body.get("content", {}).items():
                yield f"{name} {part} {kind}", content


def test_every_operation_has_a_name_and_says_what_it_does_and_who_may(document):
    for name, operation in operations(document):
        assert all(operation.get(heading) for heading in HEADINGS), name
    listed = {tag["name"] for tag in document["tags"]}
    assert listed == {tag for _, operation in operations(document) for tag in operation["tags"]}
    assert all(tag["description"] for tag in document["tags"])


def test_every_schema_and_every_field_is_described(document):
    silent = [
        f"{name}.{field}" if field else name
        for name, schema in document["components"]["schemas"].items()
        for field, part in [("", schema), *schema.get("properties", {}).items()]
        if not part.get("description")
    ]
    where = "Describe it at its field, or in app/api/words.py or words_of.py."
    assert silent == [], where


def test_every_parameter_and_every_header_is_described(document):
    for name, operation in operations(document):
        for parameter in operation["parameters"]:
            assert parameter.get("description"), f"{name} {parameter['name']}"
        for code, answer in operation["responses"].items():
            for header, about in answer.get("headers", {}).items():
                assert about["description"] and "example" in about, f"{name} {code} {header}"


def test_every_body_of_json_has_an_example_that_its_schema_accepts(document):
    for where, content in media(document):
        schema = content["schema"]
        if not where.endswith("json") or schema == {}:
            continue
        validator = Draft202012Validator(schema | {"components": document["components"]})
        faults = [fault.message for fault in validator.iter_errors(content["example"])]
        assert faults == [], where


def test_every_example_of_a_field_is_one(document):
    components = {"components": document["components"]}
    for name, schema in document["components"]["schemas"].items():
        for field, part in schema.get("properties", {}).items():
            for example in part.get("examples", ()):
                assert Draft202012Validator(part | components).is_valid(example), f"{name}.{field}"
    for name, operation in operations(document):
        for parameter in operation["parameters"]:
            if "example" in parameter:
                validator = Draft202012Validator(parameter["schema"])
                assert validator.is_valid(parameter["example"]), f"{name} {parameter['name']}"


def test_the_server_itself_would_take_every_example_of_a_request(app, document):
    for rule, method, about in openapi.described_routes(app):
        if about.takes is not None:
            shown = document["paths"][openapi.path_of(rule)][method.lower()]["requestBody"]
            for content in shown["content"].values():
                taken: type[Schema] = about.takes
                taken.read(content["example"])


def test_every_operation_lists_the_errors_that_it_can_answer(app, document):
    for rule, method, about in openapi.described_routes(app):
        operation = document["paths"][openapi.path_of(rule)][method.lower()]
        listed = {int(code) for code in operation["responses"]}
        assert expected_errors(rule.arguments, method, about) <= listed, rule.rule
        for code, answer in operation["responses"].items():
            if int(code) >= 400 and int(code) not in about.also:
                shared = answer.get("$ref", "").rpartition("/")[2]
                answer = document["components"]["responses"][shared] if shared else answer
                (kind,) = answer["content"]
                assert kind == "application/problem+json", f"{method} {rule.rule} {code}"


def expected_errors(arguments: set[str], method: str, about: Description) -> set[int]:
    return {
        *({401, 403, 503} if about.permission else ()),
        *({404} if arguments else ()),
        *({422} if about.query or about.takes or (method == "POST" and about.permission) else ()),
        *({400, 413} if method != "GET" else ()),
        *({415} if about.takes else ()),
    }


def test_no_word_is_kept_for_what_is_not_there(document):
    schemas = document["components"]["schemas"]
    nouns = {tag["name"] for tag in document["tags"]}
    fields = {field for schema in schemas.values() for field in schema.get("properties", {})}
    given = {
        each["name"] for _, operation in operations(document) for each in operation["parameters"]
    }
    assert set(SHARED) - fields - given == set()
    owners = {name.partition(".")[0] for name in OWN}
    assert owners - schemas.keys() - nouns == set()
    assert set(examples.WHOLE) - schemas.keys() == set()
