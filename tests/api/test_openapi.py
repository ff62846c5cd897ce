"""The OpenAPI document: committed, valid, complete, and true."""

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from app.api import openapi
from app.api.doc_pages import with_code
from app.api.endpoint import description_of
from tests.api.test_main_story import ORDER, publish, start
from tests.api.test_roles import NEEDS, OPEN, SIGNED, routes
from tests.support.workflows import work

COMMITTED = Path(__file__).parents[2] / "docs" / "openapi.json"


@pytest.fixture
def document(app) -> dict[str, Any]:
    return openapi.document(app)


def test_the_committed_document_is_the_present_one(document):
    refresh = "Refresh it: .venv/bin/flask --app app openapi > docs/openapi.json"
    assert json.loads(COMMITTED.read_text()) == document, refresh


def test_the_command_prints_it(app, document):
    printed = app.test_cli_runner().invoke(args=["openapi"])
    assert json.loads(printed.output) == document


def test_it_is_valid_openapi_3_1(document):
    assert document["openapi"].startswith("3.1")
    OpenAPIV31SpecValidator(document).validate()
    for schema in document["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


def test_every_route_is_in_it_with_its_permission(app, document):
    for rule in app.url_map.iter_rules():
        for method, path in routes(app, [rule]):
            assert method.lower() in document["paths"][openapi.path_of(rule)]
            about = description_of(app.view_functions[rule.endpoint])
            assert about is not None
            needed = NEEDS[f"{method} {path}"]
            assert about.permission == (None if needed in (OPEN, SIGNED) else needed), path


def test_no_two_operations_share_a_name(document):
    names = [
        operation["operationId"]
        for operations in document["paths"].values()
        for operation in operations.values()
    ]
    assert len(names) == len(set(names))


def test_answers_are_as_it_says(admin, document):
    template_id = publish(admin)
    instance_id = start(admin)["id"]
    work()

    def check(path: str, described: str, method: str = "GET", body: Any = None) -> None:
        answer = admin.ask(method, path, body)
        operation = document["paths"][f"/api/workflows{described}"][method.lower()]
        responses = operation["responses"][str(answer.status_code)]
        schema = responses["content"][answer.mimetype]["schema"]
        problems = Draft202012Validator(schema | {"components": document["components"]})
        assert [fault.message for fault in problems.iter_errors(answer.json)] == [], path

    check("/templates", "/templates")
    check("/templates", "/templates", "POST", ORDER | {"key": "other"})
    check("/templates", "/templates", "POST", ORDER)
    check("/templates", "/templates", "POST", {})
    check(f"/templates/{template_id}", "/templates/{templateId}")
    check("/templates/99", "/templates/{templateId}")
    check(f"/templates/{template_id}/versions", "/templates/{templateId}/versions")
    check(f"/templates/{template_id}/export", "/templates/{templateId}/export")
    check("/instances", "/instances")
    check(f"/instances/{instance_id}", "/instances/{instanceId}")
    check(f"/instances/{instance_id}/events", "/instances/{instanceId}/events")
    step = "/instances/{instanceId}/steps/{key}/"
    check(f"/instances/{instance_id}/steps/pack/complete", f"{step}complete", "POST")
    check(f"/instances/{instance_id}/steps/pack/complete", f"{step}complete", "POST")


def test_schemas_are_public_and_fit_what_they_describe(caller, admin):
    publish(admin)
    anybody = caller(None)
    draft = admin.get("/templates/1/export").json

    def validator(name: str) -> Draft202012Validator:
        answer = anybody.get(f"/api/schemas/{name}.json")
        assert answer.status_code == 200
        Draft202012Validator.check_schema(answer.json)
        return Draft202012Validator(answer.json)

    assert validator("template").is_valid(draft)
    assert validator("template").is_valid(ORDER)
    assert not validator("template").is_valid(ORDER | {"colour": "red"})
    assert validator("actionConfig").is_valid(draft["steps"][0]["actionConfig"])
    assert not validator("actionConfig").is_valid({"colour": "red"})
    assert validator("notificationPolicies").is_valid([{"channel": "SMS", "trigger": "ON_READY"}])
    assert anybody.get("/api/schemas/secret.json").status_code == 404


def test_the_docs_can_be_read_without_script_and_name_every_operation(caller, document):
    page = caller(None).get("/api/docs")
    assert page.status_code == 200 and page.mimetype == "text/html"
    for path, operations in document["paths"].items():
        for operation in operations.values():
            assert with_code(operation["summary"]) in page.text
        assert path in page.text
    assert "//cdn" not in page.text and "<style" not in page.text and "onclick" not in page.text


def test_what_stands_between_backticks_is_shown_as_code_and_nothing_as_markup():
    assert with_code("`q` of <b> in `w`, `x") == (
        "<code>q</code> of &lt;b&gt; in <code>w</code>, <code>x</code>"
    )
