"""Generated junk: whole documents, and parts of good templates replaced. Never a 5xx."""

import copy
import json
from collections.abc import Iterator
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.api.conftest import Caller
from tests.api.test_bad_input import ROUTES
from tests.api.test_main_story import ORDER
from tests.support.marks import both_databases
from tests.support.workflows import task, webhook, work

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
