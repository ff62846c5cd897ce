"""Whatever is thrown at the API, it answers with a 4xx problem that says where, and keeps
nothing."""

import json
from typing import Any

import pytest
from sqlalchemy import func, select

from app import transaction
from app.models import WorkflowInstance, WorkflowTemplate
from tests.api.test_main_story import ORDER
from tests.support.workflows import task, webhook

ROUTES = [
    ("POST", "/templates"),
    ("POST", "/templates/import"),
    ("PUT", "/templates/1"),
    ("POST", "/templates/1/publish"),
    ("POST", "/notification-templates"),
    ("PUT", "/notification-templates/step-failed"),
    ("POST", "/notification-templates/step-failed/publish"),
    ("POST", "/notification-templates/step-failed/preview"),
    ("POST", "/instances"),
    ("POST", "/instances/bulk"),
    ("POST", "/instances/1/cancel"),
    ("POST", "/instances/1/pause"),
    ("POST", "/instances/1/resume"),
    ("POST", "/secrets"),
    ("PATCH", "/secrets/TOKEN"),
    ("POST", "/secrets/TOKEN/rotate"),
    *(
        ("POST", f"/instances/1/steps/pack/{verb}")
        for verb in ("start", "complete", "fail", "retry", "skip", "replay", "run-now")
    ),
]
NOT_JSON = {
    "cut off": b'{"key": ',
    "nothing but space": b" ",
    "trailing comma": b'{"key": "a",}',
    "single quotes": b"{'key': 'a'}",
    "two documents": b"{} {}",
    "NaN": b'{"reason": NaN}',
    "Infinity": b'{"reason": Infinity}',
    "minus Infinity": b'{"reason": -Infinity}',
    "1e999": b'{"reason": 1e999}',
    "5,000 digits": b'{"reason": ' + b"9" * 5000 + b"}",
    "5,000 digits and a fraction": b'{"reason": ' + b"9" * 5000 + b".5}",
    "5,000 digits of exponent": b'{"reason": 1e' + b"9" * 5000 + b"}",
    "2**63": b'{"reason": 9223372036854775808}',
    "NUL": rb'{"reason": "a\u0000b"}',
    "NUL in a key": rb'{"\u0000": 1}',
    "NUL bytes": b'{"reason": "a\x00b"}',
    "lone surrogate": rb'{"reason": "\ud800"}',
    "lone surrogate in a key": rb'{"\udfff": 1}',
    "encoded surrogate": b'{"reason": "\xed\xa0\x80"}',
    "duplicate keys": b'{"reason": "a", "reason": "b"}',
    "not UTF-8": b'{"reason": "\xff\xfe"}',
    "UTF-16": '{"reason": "a"}'.encode("utf-16"),
    "UTF-32": '{"reason": "a"}'.encode("utf-32"),
    "a byte order mark": b"\xef\xbb\xbf{}",
    "deep lists": b"[" * 100_000 + b"]" * 100_000,
    "deep objects": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "deep and open": b"[" * 100_000,
    "65 levels": b'{"a":' * 65 + b"1" + b"}" * 65,
    "XML": b"<reason/>",
    "a form": b"reason=a",
}
NO_OBJECT = ["text", "", 5, 1.5, True, None, [], [{}], ["a"]]


def kept() -> tuple[int | None, ...]:
    """How much there is in the database, and where it stands."""
    with transaction.reading() as session:
        return tuple(
            session.scalar(select(quantity))
            for quantity in (
                func.count(WorkflowTemplate.id),
                func.sum(WorkflowTemplate.draft_revision),
                func.sum(WorkflowTemplate.newest_version),
                func.count(WorkflowInstance.id),
                func.sum(WorkflowInstance.event_seq),
            )
        )


def check_refused(answer: Any, said: str) -> None:
    assert 400 <= answer.status_code < 500, f"{said}: {answer.status_code} {answer.text[:300]}"
    assert answer.content_type == "application/problem+json", said
    if answer.status_code in (400, 413, 422):
        faults = answer.json["errors"]
        assert faults and all(set(fault) == {"path", "message"} for fault in faults), said


@pytest.mark.parametrize("name", NOT_JSON)
def test_what_is_not_good_json_is_refused_everywhere(running, name):
    before = kept()
    for method, path in ROUTES:
        check_refused(running.ask(method, path, raw=NOT_JSON[name]), f"{name} to {path}")
    assert kept() == before


@pytest.mark.parametrize("value", NO_OBJECT, ids=json.dumps)
def test_what_is_no_object_is_refused_everywhere(running, value):
    before = kept()
    for method, path in ROUTES:
        answer = running.ask(method, path, raw=json.dumps(value).encode())
        check_refused(answer, f"{value!r} to {path}")
        assert answer.status_code == 422
    assert kept() == before


@pytest.mark.parametrize("value", ["text", 5, True, [], {}, [[]], {"a": 1}], ids=json.dumps)
def test_a_wrong_type_is_told_with_its_path(running, value):
    def faults(method: str, path: str, body: Any) -> list[str]:
        answer = running.ask(method, path, body)
        check_refused(answer, f"{body} to {path}")
        return [fault["path"] for fault in answer.json["errors"]]

    if not isinstance(value, str):
        assert "name" in faults("POST", "/templates", ORDER | {"key": "b", "name": value})
        assert "reason" in faults("POST", "/instances/1/pause", {"reason": value})
    if not isinstance(value, dict):
        assert "input" in faults("POST", "/instances", {"templateKey": "order", "input": value})
        assert "output" in faults("POST", "/instances/1/steps/pack/complete", {"output": value})
    if not isinstance(value, list):
        assert "steps" in faults("PUT", "/templates/1", ORDER | {"steps": value})
        assert "items" in faults("POST", "/instances/bulk", {"items": value})
    if value != 5:
        assert "templateId" in faults("POST", "/instances", {"templateId": value})
        config = {"retry": {"maxAttempts": value}, "timeoutSeconds": value}
        steps = {"steps": [webhook("a", config=config)]}
        at = "steps.0.actionConfig."
        expected = {f"{at}retry.maxAttempts", f"{at}timeoutSeconds"}
        assert expected <= set(faults("PUT", "/templates/1", ORDER | steps))


def test_unknown_fields_are_refused_not_dropped(running):
    for method, path in ROUTES:
        answer = running.ask(method, path, {"colour": "red"})
        check_refused(answer, path)
        assert "colour" in [fault["path"] for fault in answer.json["errors"]]


@pytest.mark.parametrize(
    ("steps", "path"),
    [
        ([task("a", "a")], "steps.0.dependsOn"),
        ([task("a", "c"), task("b", "a"), task("c", "b")], "steps.1.dependsOn"),
        ([task("a", "nothing")], "steps.0.dependsOn.0"),
        ([task("a"), task("b", "a", "a")], "steps.1.dependsOn"),
        ([task("a"), task("a")], "steps.1.key"),
        ([task("a") | {"actionType": "TELEPATHY"}], "steps.0.actionType"),
        ([task("a", when={"all": [["input.x", "~", 1]]})], "steps.0.when"),
        ([task("a", dueIn="P1M")], "steps.0.dueIn"),
        ([webhook("a", config={"url": "http://user:pw@example.com/"})], "steps.0.actionConfig.url"),
        ([webhook("a", config={"headers": {"a b": "c"}})], "steps.0.actionConfig.headers"),
    ],
)
def test_a_template_that_makes_no_sense_is_refused(admin, steps, path):
    answer = admin.post("/templates", {"key": "a", "name": "A", "steps": steps})
    check_refused(answer, path)
    assert path in [fault["path"] for fault in answer.json["errors"]]
    assert kept()[0] == 0


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "array"},
        {"properties": {"a": {"type": "nothing"}}},
        {"properties": {"a": {"pattern": "["}}},
        {"properties": {"a": {"pattern": "a{99999999999}"}}},
        {"patternProperties": {"(": {}}},
        {"properties": {"a": {"$ref": "http://127.0.0.1/"}}},
        {"required": "a"},
        {"properties": {"a": {"multipleOf": 0}}},
        {"properties": []},
    ],
)
def test_an_input_schema_that_can_not_be_applied_is_refused(admin, schema):
    answer = admin.post("/templates", {"key": "a", "name": "A", "inputSchema": schema})
    check_refused(answer, str(schema))
    assert answer.json["errors"][0]["path"].startswith("inputSchema")
