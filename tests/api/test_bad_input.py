"""Whatever is thrown at the API, it answers with a 4xx problem that says where, and keeps
nothing."""

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from app import transaction
from app.models import WorkflowInstance, WorkflowTemplate
from tests.api.conftest import Caller
from tests.api.test_main_story import ORDER, publish, start
from tests.support.marks import both_databases
from tests.support.workflows import task, webhook, work

ROUTES = [
    ("POST", "/templates"),
    ("POST", "/templates/import"),
    ("PUT", "/templates/1"),
    ("POST", "/templates/1/publish"),
    ("POST", "/instances"),
    ("POST", "/instances/bulk"),
    ("POST", "/instances/1/cancel"),
    ("POST", "/instances/1/pause"),
    ("POST", "/instances/1/resume"),
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


@pytest.fixture
def running(admin: Caller) -> Caller:
    """An admin's caller; template 1 is published and instance 1 runs."""
    publish(admin)
    start(admin)
    return admin


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
        ([task("a"), task("a")], ""),
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


# What is generated: scalars at the edges, and everything JSON is made of.
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.sampled_from([0, -1, 2**31, 2**63, 10**18, 1e308, -0.0, 1e-300])
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20)
    | st.sampled_from(
        ["", "\x00", "\ud800", "{{ input.x }}", "{{", "{% x", "role:", "P99999D", "[", "a" * 3000]
    )
    | st.sampled_from(["AUTOMATION_WEBHOOK", "WAIT_TIMER", "FORM_INPUT", "all", "input", "$ref"])
)
WORDS = st.sampled_from(
    "key name steps input inputSchema items reason output templateKey templateId version title "
    "note type properties pattern required default enum actionType actionConfig dependsOn when all "
    "schema url body retry schedule delay runAt".split()
)
JSON = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(WORDS | st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=12,
)
thorough = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def dumped(value: Any) -> bytes:
    return json.dumps(value).encode()


@both_databases
@thorough
@given(value=JSON)
def test_no_document_at_all_makes_the_server_fail(running, value):
    for method, path in ROUTES:
        answer = running.ask(method, path, raw=dumped(value))
        assert answer.status_code < 500, f"{value!r} to {method} {path}"


RICH: dict[str, Any] = ORDER | {
    "steps": [
        webhook(
            "reserve",
            config={
                "headers": {"X-Source": "runsheet"},
                "body": {"order": "{{ input.orderId }}"},
                "auth": {"type": "bearer", "secret": "TOKEN"},
                "retry": {"maxAttempts": 3, "schedule": [1, 2]},
                "delay": None,
            },
            when={"any": [["input.orderId", "exists"], {"all": [["input.gift", "=", True]]}]},
            notificationPolicies=[
                {"channel": "EMAIL", "trigger": "ON_FAILED", "recipients": ["role:operator"]}
            ],
        ),
        task("pack", "reserve", assignee="role:operator", dueIn="P1D"),
        {
            "key": "ask",
            "name": "Ask",
            "actionType": "FORM_INPUT",
            "dependsOn": ["reserve"],
            "actionConfig": {"schema": {"type": "object", "properties": {"a": {"type": "string"}}}},
        },
        {
            "key": "wait",
            "name": "Wait",
            "actionType": "WAIT_TIMER",
            "dependsOn": ["pack"],
            "actionConfig": {"delay": "PT1H"},
        },
    ]
}


def paths_of(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of every node of a document."""
    yield at
    if isinstance(value, dict | list):
        children = value.items() if isinstance(value, dict) else enumerate(value)
        for name, child in children:
            yield from paths_of(child, (*at, name))


def replaced(document: Any, path: tuple[Any, ...], junk: Any) -> Any:
    if not path:
        return junk
    document = copy.deepcopy(document)
    node = document
    for part in path[:-1]:
        node = node[part]
    node[path[-1]] = junk
    return document


def live_through(caller: Caller, document: Any) -> None:
    """Save a template; if it is accepted publish and run it. Nothing of it may be a 5xx."""
    ours = [caller.put("/templates/1", raw=dumped(document))]
    if ours[0].status_code == 200:
        ours.append(caller.post("/templates/1/publish"))
        wish = {"templateId": 1, "input": {"orderId": "A-1", "a": "x", "gift": True}}
        ours.append(caller.post("/instances", wish))
        if ours[-1].status_code == 201:
            work()
            url = f"/instances/{ours[-1].json['id']}"
            done = {"output": {"a": "b"}}
            ours += [caller.post(f"{url}/steps/{key}/complete", done) for key in ("pack", "ask")]
            ours += [caller.get(url), caller.get("/templates/1"), caller.get("/templates")]
            ours += [caller.get(f"/templates/1/export?format={form}") for form in ("json", "yaml")]
    for answer in ours:
        assert answer.status_code < 500, f"{document!r}: {answer.text}"


# What is likely to be taken, and to do harm later.
PLAUSIBLE = st.sampled_from(
    [
        *(
            "a",
            " ",
            "b" * 100,
            "é",
            "\u2028",
            "\U0001f600",
            "{{ input.orderId }}",
            "{{ input.none }}",
        ),
        *("{{ steps.pack.output.a }}", "{{ instance.id }}", "{{ input.orderId.0 }}", "{{}}"),
        *(
            "input",
            "input.orderId.0.x",
            "steps.",
            "steps.pack.output",
            "steps.nothing",
            "instance.",
        ),
        *(
            "PT0S",
            "P3660D",
            "9999-12-31T23:59:59Z",
            "0001-01-01T00:00:00+14:00",
            "2026-01-31T09:00Z",
        ),
        *("{{ input.a }}", "http://127.0.0.1:9/{{ input.none }}", "http://[::1]/", "https://x/\t"),
        *("role:operator", "user:nobody", "assignee", "standard", "exponential", "WAIT_TIMER"),
        *(
            "MANUAL_TASK",
            "APPROVAL",
            "FORM_INPUT",
            "AUTOMATION_EMAIL",
            "contains",
            "not in",
            "exists",
        ),
        *(1, 20, 0.5, 1e-300, 10**18, True, False, None),
        *(
            [],
            {},
            ["reserve"],
            ["pack"],
            [1] * 99,
            [[]],
            {"a": []},
            {"all": [["input", "in", [1]]]},
        ),
    ]
)


@both_databases
@thorough
@given(path=st.sampled_from(list(paths_of(RICH))), junk=PLAUSIBLE)
def test_no_likely_part_of_a_template_makes_the_server_fail(running, path, junk):
    live_through(running, replaced(RICH, path, junk))


@thorough
@given(path=st.sampled_from(list(paths_of(RICH))), junk=JSON)
def test_no_part_of_a_template_makes_the_server_fail(running, path, junk):
    live_through(running, replaced(RICH, path, junk))


KEYWORDS = st.sampled_from(
    "type properties required pattern patternProperties enum const default multipleOf minimum "
    "maxLength items prefixItems contains uniqueItems additionalProperties propertyNames "
    "dependentRequired dependentSchemas if then else not allOf anyOf oneOf format $id $schema "
    "$anchor $ref $defs unevaluatedProperties contentEncoding minProperties".split()
)
VALUES = SCALARS | st.sampled_from(["string", "object", "integer", [], {}, ["a"], [{}], {"a": {}}])
SCHEMAS = st.recursive(
    st.dictionaries(KEYWORDS, VALUES, max_size=4),
    lambda inner: st.dictionaries(
        KEYWORDS,
        inner | st.lists(inner, max_size=2) | st.dictionaries(st.just("a"), inner, max_size=1),
        max_size=3,
    ),
    max_leaves=5,
)


@thorough
@given(schema=SCHEMAS)
def test_no_input_schema_makes_the_server_fail(running, schema):
    live_through(running, RICH | {"inputSchema": schema})
