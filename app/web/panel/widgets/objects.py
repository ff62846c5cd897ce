"""Fields that belong together."""

from typing import Any, cast

from app.web.panel.around import Page
from app.web.panel.building import build as build_any
from app.web.panel.building import node
from app.web.panel.fields import ABSENT, Field
from app.web.panel.nodes import Node
from app.web.panel.reading import read as read_any
from app.web.panel.texts import picked
from app.web.panel.typed import Typed
from app.web.panel.typed_values import same


def build(field: Field, value: Any, page: Page) -> Node:
    """The fields that matter for what is picked."""
    return node(field, "object", children=children(field, value, page))


def children(field: Field, value: Any, page: Page) -> list[Node]:
    """The nodes of the fields. One that matters only for something that is not picked is left
    out, unless something stands in it."""
    given = _given(value)
    fields = dict(field.properties())
    return [
        build_any(each, given.get(key, ABSENT), page)
        for key, each in fields.items()
        if given.get(key, each.default) not in (None, ABSENT, each.default)
        or _matters(each, fields, given)
    ]


def _matters(each: Field, fields: dict[str, Field], given: dict[str, Any]) -> bool:
    wanted = cast("dict[str, list[str]]", each.schema.get("x-for", {}))
    return all(
        picked(fields[other], given.get(other, ABSENT)) in values
        for other, values in wanted.items()
    )


def read(field: Field, before: Any, typed: Typed) -> Any:
    """The object. What the page did not show, fields that nobody knows included, is as before."""
    found = dict(_given(before))
    for key, each in field.properties():
        value = read_any(each, found.get(key, ABSENT), typed)
        if value is ABSENT:
            found.pop(key, None)
        else:
            found[key] = value
    return before if same(found, before) or (not found and before is ABSENT) else found


def _given(value: Any) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}
