"""From a schema and a value to the nodes of a form."""

from typing import Any

from app.web.panel.around import Page
from app.web.panel.fields import ABSENT, Field
from app.web.panel.nodes import Node
from app.web.panel.registry import widget_for


def build(field: Field, value: Any, page: Page) -> Node:
    """The node that shows a value at its field, by the widget that the schema calls for."""
    return widget_for(field, value).build(field, value, page)


def node(field: Field, kind: str, value: Any = "", **more: Any) -> Node:
    """A node of this kind with all that the schema says of the field."""
    schema = field.schema
    options = {
        name: schema[f"x-{name}"]
        for name in ("placeholders", "rows", "mode")
        if f"x-{name}" in schema
    }
    return Node(
        kind=kind,
        name=field.name,
        path=field.path,
        label=field.label,
        help=str(schema.get("description", "")),
        value=value,
        required=field.required and field.default is ABSENT,
        placeholder=_example(field),
        options={**options, **more.pop("options", {})},
        **more,
    )


def _example(field: Field) -> str:
    examples = field.schema.get("examples") or [""]
    return examples[0] if isinstance(examples[0], str) else str(examples[0])
