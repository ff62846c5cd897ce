"""Which widget draws and reads a field."""

from typing import Any, Protocol

from app.web.panel.around import Page
from app.web.panel.fields import ABSENT, Field
from app.web.panel.nodes import Node
from app.web.panel.typed import Typed


class Widget(Protocol):
    """A module of `widgets`.

    `build(field, value, page)`: the node that shows this value; ABSENT: there is none, so the
    default is shown. Errors are put at their nodes later, by path.

    `read(field, before, typed)`: the value that now stands in the form; called only when the page
    showed the field. ABSENT leaves it out. `before` is what stood there when the page was made:
    what shows the same as it did keeps its value exactly. A text that can't be a value is kept
    with `typed.not_read(field.name, text)`, and `before` is returned.
    """

    def build(self, field: Field, value: Any, page: Page) -> Node: ...

    def read(self, field: Field, before: Any, typed: Typed) -> Any: ...


WIDGETS: dict[str, Widget] = {}


def widget_for(field: Field, value: Any) -> Widget:
    """By the field's `x-widget`, else by its type; JSON where the value has another shape."""
    return WIDGETS[kind_of(field, value)]


def kind_of(field: Field, value: Any) -> str:
    """The name of that widget. One that is asked for but is not there yet leaves its field to the
    widgets of its type."""
    wished = field.schema.get("x-widget")
    if wished in WIDGETS:
        return wished
    kind = plain_kind(field)
    if kind in ("list", "map", "object", "union"):
        if field.optional:
            return "optional"
        return kind if _fits(kind, field, value) else "json"
    return kind


def plain_kind(field: Field) -> str:
    """The kind that a schema alone calls for."""
    schema = field.schema
    if "enum" in schema or "const" in schema:
        return "choice"
    if "anyOf" in schema:
        simple = all(
            each.get("type") in ("string", "integer", "number") for each in schema["anyOf"]
        )
        return (
            "scalar" if simple and not any("enum" in each for each in schema["anyOf"]) else "union"
        )
    match schema.get("type"):
        case "string":
            return "text"
        case "boolean":
            return "checkbox"
        case "integer" | "number":
            return "number"
        case "array":
            return "list"
        case "object" if "properties" in schema:
            return "object"
        case "object" if isinstance(schema.get("additionalProperties"), dict):
            return "map"
        case _:
            return "json"


def _fits(kind: str, field: Field, value: Any) -> bool:
    if value is ABSENT:
        return True
    if kind == "union":
        return branch_of(field, value) is not None
    return isinstance(value, list if kind == "list" else dict)


def branch_of(field: Field, value: Any) -> int | None:
    """Which alternative of a union a value belongs to."""
    shapes: dict[str, type] = {"array": list, "object": dict}
    for at, each in enumerate(field.schema["anyOf"]):
        if (
            value in each["enum"]
            if "enum" in each
            else isinstance(value, shapes.get(each.get("type"), str))
        ):
            return at
    return None
