"""The builder of conditions: rows stand for a `when`, and nothing that is typed is lost."""

from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.domain.known_paths import known
from app.schemas.conditions import OPERATORS, check_when
from app.schemas.template import TemplateStep
from app.web.panel import Around
from tests.support.widget_forms import Editing, field

DOCUMENT: dict[str, Any] = {
    "inputSchema": {
        "type": "object",
        "required": ["total", "country"],
        "properties": {
            "total": {"type": "number", "title": "Total"},
            "country": {"type": "string", "title": "Country", "enum": ["DE", "AT", "CH"]},
            "gift": {"type": "boolean", "title": "Gift"},
            "note": {"type": "string", "title": "Note"},
            "tags": {"type": "array", "title": "Tags", "items": {"type": "string"}},
        },
    },
    "steps": [
        {"key": "ask", "name": "Ask", "actionType": "APPROVAL"},
        {"key": "pay", "name": "Pay", "actionType": "AUTOMATION_WEBHOOK", "dependsOn": ["ask"]},
        {"key": "ship", "name": "Ship", "actionType": "MANUAL_TASK", "dependsOn": ["pay"]},
    ],
}
AROUND = Around(
    conditions=known(DOCUMENT, "ship", in_condition=True), steps=[("ask", "Ask"), ("pay", "Pay")]
)


@pytest.fixture
def when(app: Flask) -> Any:
    return lambda value=None: Editing(field(TemplateStep, "when"), value, AROUND)


def test_a_condition_is_built_row_by_row(when: Any):
    editing = when()

    editing.send(do="add:@.parts")
    editing.send(parts__0__path="number input.total", parts__0__op=">", parts__0__value="100")
    editing.send(do="add:@.parts")
    editing.send(parts__1__path="choice input.country", parts__1__op="in")
    editing.send(parts__1__value=['"DE"', '"AT"'])

    assert editing.value == {
        "all": [["input.total", ">", 100], ["input.country", "in", ["DE", "AT"]]]
    }
    assert (
        editing.node.options["sentence"]
        == "Total is more than 100, and Country is one of “DE” or “AT”"
    )


def test_a_group_is_nested_and_says_the_opposite(when: Any):
    editing = when({"all": [["input.total", ">", 0]]})

    editing.send(do="group:@.parts")
    editing.send(parts__1__parts__0__path="yes-no input.gift", parts__1__parts__0__value="true")
    editing.send(do="add:@.parts.1.parts")
    editing.send(parts__1__parts__1__path="text input.note", parts__1__parts__1__op="contains")
    editing.send(parts__1__parts__1__value="urgent")

    assert editing.value == {
        "all": [
            ["input.total", ">", 0],
            {"any": [["input.gift", "=", True], ["input.note", "contains", "urgent"]]},
        ]
    }
    assert editing.node.options["sentence"] == (
        "Total is more than 0, and (Gift is yes, or Note contains “urgent”)"
    )


def test_rows_are_moved_and_removed(when: Any):
    editing = when({"any": [["input.total", ">", 0], {"all": [["input.note", "exists"]]}]})

    assert editing.send(do="up:@.parts.1") == {
        "any": [{"all": [["input.note", "exists"]]}, ["input.total", ">", 0]]
    }
    assert editing.send(do="remove:@.parts.0.parts.0") == {"any": [["input.total", ">", 0]]}
    assert editing.send(do="remove:@.parts.0") is None
    assert "Always" in editing.html


def test_a_value_becomes_what_its_path_holds(when: Any):
    editing = when({"all": [["", "="]]})

    editing.send(parts__0__path="number input.total", parts__0__value="100")
    assert editing.value == {"all": [["input.total", "=", 100]]}

    editing.send(parts__0__path="text input.note")
    assert editing.value == {"all": [["input.note", "=", "100"]]}

    editing.send(parts__0__op="in", parts__0__value="DE\nAT")
    assert editing.value == {"all": [["input.note", "in", ["DE", "AT"]]]}

    editing.send(parts__0__op="not exists")
    assert editing.value == {"all": [["input.note", "exists", False]]}


def test_a_path_that_is_not_listed_can_be_typed(when: Any):
    editing = when({"all": [["", "="]]})

    editing.send(parts__0__path="*")
    assert editing.form["when.parts.0.path"] == "*"
    editing.send(parts__0__typed="steps.pay.output.status", parts__0__value="200")

    assert editing.value == {"all": [["steps.pay.output.status", "=", 200]]}


def test_letters_in_a_number_stay_and_are_said_there(when: Any):
    editing = when({"all": [["input.total", ">", 5]]})

    editing.send(parts__0__value="12x")

    assert editing.unread == {"when.all.0.2": "12x"}
    assert editing.value == {"all": [["input.total", ">", 5]]}
    control = editing.node.children[0].children[0]
    assert control.options["texts"] == ["12x"]
    assert control.options["fault"] == "Write a number with a point, such as 129.9."
    assert editing.send(parts__0__value="12") == {"all": [["input.total", ">", 12]]}
    assert editing.unread == {}


def test_what_rows_can_not_show_is_json(when: Any):
    deep = {"all": [{"any": [{"all": [{"any": [["input.total", ">", 0]]}]}]}]}
    editing = when(deep)

    assert editing.node.kind == "condition_json"
    assert editing.send() == deep
    assert editing.send(_='{"any": [["input.total", ">", 0]]}') == {
        "any": [["input.total", ">", 0]]
    }
    assert editing.node.kind == "condition"


def test_json_that_can_not_be_read_is_kept_as_it_was_typed(when: Any):
    editing = when({"all": []})

    editing.send(_='{"all": [["input.total"')

    assert editing.value == {"all": []}
    assert editing.form["when"] == editing.unread["when"] == '{"all": [["input.total"'


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**17), 10**18)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
    | st.sampled_from(["DE", "100", "true", '"DE"', " x ", "a\nb", "007", "[1]", ""]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("ab", max_size=2), inner, max_size=2)
    ),
    max_leaves=4,
)
PATHS = st.sampled_from(
    [path.path for path in AROUND.conditions]
    + ["input.unknown", "steps.pay.output.body.ref", "instance"]
)


@st.composite
def comparisons(draw: st.DrawFn) -> list[Any]:
    path, op = draw(PATHS), draw(st.sampled_from(OPERATORS))
    if op == "exists":
        return draw(
            st.sampled_from([[path, op], [path, op, True], [path, op, False], [path, op, 1]])
        )
    value = draw(st.lists(VALUES, max_size=3) if op in ("in", "not in") else VALUES)
    return [path, op, value]


def conditions(inner: Any) -> Any:
    word = st.sampled_from(["all", "any"])
    return st.builds(
        lambda word, parts: {word: parts}, word, st.lists(inner, min_size=1, max_size=3)
    )


WHENS = conditions(st.recursive(comparisons(), conditions, max_leaves=4))


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(WHENS)
def test_any_condition_is_read_back_as_it_was_drawn(app: Flask, value: Any):
    check_when(value)
    drawn, alone = (Editing(field(TemplateStep, "when"), value, AROUND) for _ in range(2))

    assert repr(drawn.send()) == repr(value)
    assert repr(alone.forgetful().send()) == repr(value)
    assert drawn.unread == {}
