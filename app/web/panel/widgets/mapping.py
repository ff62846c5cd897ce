"""Names with values, such as headers: two fields a row, and an empty row to type into."""

import json
from typing import Any, cast

from app.web.panel.around import Page
from app.web.panel.building import build as build_any
from app.web.panel.building import node
from app.web.panel.fields import ABSENT, Field
from app.web.panel.nodes import Node
from app.web.panel.texts import shown
from app.web.panel.typed import Typed, clean

_NAME = {"type": "string", "title": "Name"}
_Rows = list[tuple[str, str]]


def build(field: Field, value: Any, page: Page) -> Node:
    """The rows. Names that stand twice can be no document; they come from the texts unread."""
    unread = page.unread.get(field.name)
    pairs: list[tuple[str, Any]] = (
        [(name, text) for name, text in json.loads(unread)]
        if unread
        else [*_entries(field, value).items()]
    )
    rows = [_row(field, at, pair, page) for at, pair in enumerate([*pairs, ("", ABSENT)])]
    options = {"count": len(pairs), "plain": True}
    if unread:
        options["fault"] = fault([name for name, _ in pairs])
    return node(field, "map", children=rows, options=options)


def fault(names: list[str]) -> str:
    """Which names stand twice, in words."""
    twice = sorted({name for name in names if names.count(name) > 1})
    return f"{', '.join(twice) or 'No name'} stands twice. Give each name once."


def _row(field: Field, at: int, pair: tuple[str, Any], page: Page) -> Node:
    name, value = pair
    place = field.sub(str(at), {})
    path = f"{field.path}.{name}" if name else place.path
    named = place.sub("name", _NAME)
    valued = place.sub("value", {"title": "Value", **field.schema["additionalProperties"]})
    children = [build_any(named, name, page), build_any(valued, value, page)]
    for child, what in zip(children, ("name", "value"), strict=True):
        child.label, child.help = f"{field.label} {at + 1}, {what}", ""
        child.placeholder = child.placeholder or what
        child.options["bare"] = True
    return Node(kind="pair", name=place.name, path=path, children=children)


def read(field: Field, before: Any, typed: Typed) -> Any:
    """The names with their values; all that was typed, unread, where a name stands twice."""
    rows = _typed_rows(field, typed)
    earlier = _entries(field, before)
    if rows == [(clean(name), shown(value)) for name, value in earlier.items()]:
        return before
    if len({name for name, _ in rows}) < len(rows):
        typed.not_read(field.name, json.dumps(rows, ensure_ascii=False))
        return before
    kept = {name: value for name, value in earlier.items() if not isinstance(value, str)}
    return {
        name: kept[name] if name in kept and shown(kept[name]) == text else text
        for name, text in rows
    }


def _typed_rows(field: Field, typed: Typed) -> _Rows:
    names = [f"{field.name}.{at}" for at in range(typed.rows(field.name))]
    rows = [(typed.text(f"{n}.name") or "", typed.text(f"{n}.value") or "") for n in names]
    while rows and rows[-1] == ("", ""):
        rows.pop()
    return rows


def _entries(field: Field, value: Any) -> dict[str, Any]:
    value = field.default if value is ABSENT else value
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}
