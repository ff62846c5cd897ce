"""Rows, one below the other. A list of texts always has an empty row at its end to type into; it
is no row of the document until something stands in it."""

from typing import Any, cast

from app.web.panel.around import Page
from app.web.panel.building import build as build_any
from app.web.panel.building import node
from app.web.panel.fields import ABSENT, Field
from app.web.panel.nodes import Node
from app.web.panel.reading import read as read_any
from app.web.panel.registry import plain_kind
from app.web.panel.typed import Typed
from app.web.panel.typed_values import same


def build(field: Field, value: Any, page: Page) -> Node:
    """The rows and, of plain ones, one to type into."""
    items = _items(field, value)
    shown = [*items, ABSENT] if is_plain(field) else items
    rows = [_row(field, at, item, page) for at, item in enumerate(shown)]
    return node(
        field, "list", children=rows, options={"count": len(items), "plain": is_plain(field)}
    )


def _row(field: Field, at: int, item: Any, page: Page) -> Node:
    row = build_any(field.item(at), item, page)
    row.label, row.help = f"{field.label} {at + 1}", ""  # the list's own words are above it
    if is_plain(field):
        row.options["bare"] = True
    return row


def read(field: Field, before: Any, typed: Typed) -> Any:
    """The rows; empty ones at the end are none."""
    earlier = _items(field, before)
    rows = [
        read_any(field.item(at), earlier[at] if at < len(earlier) else ABSENT, typed)
        for at in range(typed.rows(field.name))
    ]
    while is_plain(field) and rows and rows[-1] in (ABSENT, None, ""):
        rows.pop()
    rows = [{} if row is ABSENT and not is_plain(field) else row for row in rows]
    rows = ["" if row is ABSENT else row for row in rows]
    if typed.asked("add", field.name) and not is_plain(field):
        rows.append({})
    return before if same(rows, earlier) else rows


def is_plain(field: Field) -> bool:
    """Whether its rows are single fields."""
    return plain_kind(field.item(0)) in ("text", "number", "scalar", "choice")


def _items(field: Field, value: Any) -> list[Any]:
    value = field.default if value is ABSENT else value
    return cast("list[Any]", value) if isinstance(value, list) else []
