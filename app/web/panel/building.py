"""From a schema and a value to the nodes of a form."""

from typing import Any

from app.web.panel.around import Page
from app.web.panel.fields import ABSENT, Field
from app.web.panel.nodes import Node
from app.web.panel.placeholders import marked, said, unknown
from app.web.panel.registry import widget_for
from app.web.panel.texts import shown


def build(field: Field, value: Any, page: Page) -> Node:
    """The node that shows a value at its field, by the widget that the schema calls for."""
    made = widget_for(field, value).build(field, value, page)
    syntax = field.schema.get("x-placeholders")
    if syntax and isinstance(made.value, str):
        _mark(made, syntax, page)
    return made


def _mark(made: Node, syntax: str, page: Page) -> None:
    """Draw a line under the paths that lead nowhere. Not in policies: their texts are filled in
    later, when there is more to read."""
    if made.name.startswith("notificationPolicies."):
        return
    if paths := unknown(made.value, syntax, page.around.paths):
        made.options["marks"] = marked(made.value, paths)
        made.options["unknown"] = said(paths, page.around.paths)


def node(field: Field, kind: str, value: Any = "", **more: Any) -> Node:
    """A node of this kind with all that the schema says of the field."""
    schema = field.schema
    options = {
        name: schema[f"x-{name}"] for name in ("placeholders", "rows") if f"x-{name}" in schema
    }
    return Node(
        kind=kind,
        name=field.name,
        path=field.path,
        label=field.label,
        help=str(schema.get("description", "")),
        value=value,
        required=field.required and field.default is ABSENT,
        placeholder=_placeholder(field),
        options={**options, **more.pop("options", {})},
        **more,
    )


def _placeholder(field: Field) -> str:
    """What holds if nothing is typed; else an example."""
    if shown(field.default):
        return shown(field.default)
    return shown((field.schema.get("examples") or [""])[0])
