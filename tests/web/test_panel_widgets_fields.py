"""The editor of inputs and forms: rows stand for a JSON Schema; what they can't show stays."""

from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.schemas.template import Template
from tests.support.widget_forms import Editing, field


@pytest.fixture
def schema(app: Flask) -> Any:
    return lambda value=None: Editing(field(Template, "inputSchema"), value)


def test_a_form_is_made_field_by_field(schema: Any):
    editing = schema({"type": "object", "properties": {}})

    editing.send(do="add:@.properties")
    editing.send(
        properties__0__title="Order number", properties__0__key="", properties__0__required="yes"
    )
    editing.send(do="add:@.properties")
    editing.send(
        properties__1__key="total", properties__1__kind="number", properties__1__default="9.5"
    )
    editing.send(do="add:@.properties")
    editing.send(properties__2__key="size", properties__2__kind="choice")
    editing.send(properties__2__choices="S\nM\n\nL\nM", properties__2__help="As on the label.")
    editing.send(properties__2__default="M", properties__2__example="L")

    assert editing.value == {
        "type": "object",
        "properties": {
            "orderNumber": {"type": "string", "title": "Order number"},
            "total": {"type": "number", "default": 9.5},
            "size": {
                "type": "string",
                "enum": ["S", "M", "L"],
                "description": "As on the label.",
                "examples": ["L"],
                "default": "M",
            },
        },
        "required": ["orderNumber"],
    }


@pytest.mark.parametrize(
    ("kind", "rule", "control"),
    [
        ("text", {"type": "string"}, 'type="text"'),
        ("long", {"type": "string", "format": "textarea"}, "<textarea"),
        ("number", {"type": "number"}, 'inputmode="decimal"'),
        ("integer", {"type": "integer"}, 'inputmode="numeric"'),
        ("yes-no", {"type": "boolean"}, 'type="checkbox"'),
        ("date", {"type": "string", "format": "date"}, 'type="date"'),
        ("email", {"type": "string", "format": "email"}, 'type="email"'),
        ("url", {"type": "string", "format": "uri"}, 'type="url"'),
        ("list", {"type": "array"}, "<textarea"),
        ("object", {"type": "object"}, "<textarea"),
    ],
)
def test_each_type_has_its_schema_and_its_control(
    schema: Any, kind: str, rule: dict[str, Any], control: str
):
    editing = schema({"type": "object", "properties": {"x": {"type": "null"}}})

    editing.send(properties__0__kind=kind)

    assert editing.value["properties"]["x"] == rule
    shown = editing.html.partition('class="fields-shown"')[2]
    assert control in shown


def test_fields_are_moved_renamed_and_removed(schema: Any):
    editing = schema(
        {
            "properties": {"a": {"type": "string", "minLength": 2}, "b": {}},
            "required": ["b", "a", "z"],
        }
    )

    editing.send(do="down:@.properties.0")
    assert [*editing.value["properties"]] == ["b", "a"]
    editing.send(properties__1__key="name", properties__1__title="Name")
    assert editing.value == {
        "properties": {"b": {}, "name": {"type": "string", "minLength": 2, "title": "Name"}},
        "required": ["b", "name", "z"],
    }
    editing.send(do="remove:@.properties.0")
    assert editing.value["required"] == ["name", "z"]


def test_two_fields_never_take_each_others_place(schema: Any):
    editing = schema({"properties": {"a": {"title": "A"}, "b": {"title": "B"}}})

    editing.send(properties__0__key="b")

    assert editing.value == {"properties": {"b2": {"title": "A"}, "b": {"title": "B"}}}


def test_a_default_of_the_wrong_kind_stays_and_is_said_there(schema: Any):
    editing = schema({"properties": {"total": {"type": "number", "default": 1}}})

    editing.send(properties__0__default="lots")

    assert editing.unread == {"inputSchema.properties.total.default": "lots"}
    assert editing.value == {"properties": {"total": {"type": "number", "default": 1}}}
    control = editing.node.children[0].children[0]
    assert (control.options["texts"], control.options["fault"]) == (
        ["lots"],
        "Write a number with a point, such as 129.9.",
    )
    editing.send(properties__0__default="2")
    assert (editing.value["properties"]["total"]["default"], editing.unread) == (2, {})


def test_another_type_keeps_what_it_does_not_say(schema: Any):
    editing = schema({"properties": {"x": {"type": "string", "format": "date", "x-own": 1}}})

    editing.send(properties__0__kind="choice")
    assert editing.node.children[0].options["fault"] == "List what can be chosen."
    editing.send(properties__0__choices="a")

    assert editing.value["properties"]["x"] == {"type": "string", "enum": ["a"], "x-own": 1}


def test_a_schema_that_rows_can_not_show_is_json(schema: Any):
    editing = schema({"type": "object", "properties": []})

    assert editing.node.kind == "fields_json"
    assert editing.send() == {"type": "object", "properties": []}


def test_what_is_typed_into_the_sample_form_goes_nowhere(schema: Any):
    editing = schema({"properties": {"total": {"type": "number", "default": 1}}})

    assert not [name for name in editing.form if "sample" in name]


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=6)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-1000, 1000)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXT, inner, max_size=2),
    max_leaves=3,
)
KEYWORDS = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(
            [
                "string",
                "number",
                "integer",
                "boolean",
                "array",
                "object",
                "null",
                ["string", "null"],
            ]
        ),
        "format": st.sampled_from(["textarea", "date", "email", "uri", "uuid"]) | TEXT,
        "enum": st.lists(TEXT, max_size=3) | st.lists(JSON, max_size=2),
        "title": TEXT,
        "description": TEXT,
        "default": JSON,
        "examples": st.lists(JSON, max_size=3),
        "minLength": st.integers(0, 9),
        "properties": st.dictionaries(TEXT, st.just({"type": "string"}), max_size=2),
        "x-own": JSON,
    },
)
SCHEMAS = st.fixed_dictionaries(
    {},
    optional={
        "type": st.just("object"),
        "properties": st.dictionaries(TEXT, KEYWORDS | st.booleans(), max_size=4),
        "required": st.lists(TEXT, max_size=2, unique=True),
        "additionalProperties": st.booleans(),
        "title": TEXT,
    },
)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(SCHEMAS, st.data())
def test_any_schema_is_read_back_as_it_was_drawn(app: Flask, value: dict[str, Any], data: Any):
    if value.get("properties"):
        value["required"] = data.draw(
            st.lists(st.sampled_from([*value["properties"], "other"]), unique=True)
        )
    editing = Editing(field(Template, "inputSchema"), value)

    assert repr(editing.send()) == repr(value)
    assert editing.unread == {}
