"""The fields of an input or of a form: rows that stand for a JSON Schema, with the form that people
will see beside them. A schema that rows can't stand for is shown as JSON."""

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Any, cast

from flask_wtf import FlaskForm

from app.domain.input_schemas import check_schema
from app.errors import Invalid
from app.web import schema_forms
from app.web.panel import schema_rows as rows
from app.web.panel import typed_values as values
from app.web.panel.around import Page
from app.web.panel.building import node
from app.web.panel.fields import ABSENT, Field
from app.web.panel.nodes import Choice, Node
from app.web.panel.schema_rows import OTHER, Row
from app.web.panel.typed import Typed
from app.web.panel.widgets import json_text

_ROOT = frozenset({"type", "properties", "required"})
_EMPTY: dict[str, Any] = {"type": "object", "properties": {}}


def build(field: Field, value: Any, page: Page) -> Node:
    """A row for each field; JSON for what can't be shown or read."""
    schema = _EMPTY if value in (ABSENT, None) else value
    if field.name in page.unread or not _can_show(schema):
        shown = json_text.build(field, value, page)
        return node(field, "fields_json", shown.value, options=shown.options)
    properties = schema.get("properties") or {}
    children = [
        _row(field, at, key, rule, page, required=key in schema.get("required", ()))
        for at, (key, rule) in enumerate(properties.items())
    ]
    kept = [name for name in schema if name not in _ROOT]
    names: list[Any] = schema.get("required", [])
    undeclared = [each for each in names if isinstance(each, str) and each not in properties]
    options = {"kept": kept, "undeclared": undeclared, "form": sample_form(schema, field)}
    return node(field, "fields", children=children, options=options)


def sample_form(schema: dict[str, Any], field: Field) -> FlaskForm | None:
    """The form that people will see; None if the schema is none."""
    try:
        check_schema(schema, "")
    except Invalid:
        return None
    return schema_forms.sample_form(schema, f"{field.name}-shown")


def _can_show(schema: Any) -> bool:
    if not isinstance(schema, dict):
        return False
    rule = cast("dict[str, Any]", schema)
    return (
        rule.get("type", "object") == "object"
        and isinstance(rule.get("properties", {}), dict)
        and isinstance(rule.get("required", []), list)
    )


def _row(field: Field, at: int, key: str, rule: Any, page: Page, *, required: bool) -> Node:
    row = rows.shown(key, rule)
    path = f"{field.path}.properties.{key}"
    unread = page.unread.get(f"{path}.default")
    texts = rows.texts(row) | ({} if unread is None else {"default": unread})
    options = {
        **texts,
        "required": required,
        "kept": rows.kept(rule),
        "values": "choice" if row.kind == "choice" else rows.value_kind(row.kind),
        "fault": _fault(row, unread),
        "count": at,
    }
    kinds = [Choice(name, label) for name, (label, _) in rows.KINDS.items()]
    kinds += [Choice(OTHER, "Something else, kept as it is")] if row.kind == OTHER else []
    name = f"{field.name}.properties.{at}"
    return Node(kind="fields_row", name=name, path=path, label=key, choices=kinds, options=options)


def _fault(row: Row, unread: str | None) -> str:
    if unread is None:
        return "List what can be chosen." if row.kind == "choice" and not row.choices else ""
    try:
        values.read(rows.value_kind(row.kind), [unread])
    except ValueError as error:
        return f"Default: {error}"
    return ""


def read(field: Field, before: Any, typed: Typed) -> Any:
    """The schema: of what is there already, only what was changed."""
    name = f"{field.name}.properties"
    if not typed.has(name):
        return json_text.read(field, before, typed)
    earlier: dict[str, Any] = dict(_EMPTY if before in (ABSENT, None) else before)
    known = [*(earlier.get("properties") or {}).items()]
    known += [("", {"type": "string"})] * (typed.rows(name) - len(known))
    typed_rows = [_typed_row(f"{name}.{at}", *row, typed) for at, row in enumerate(known)]
    keys = _keys([key for key, _ in known], [now for _, now in typed_rows])
    found: dict[str, Any] = {}
    for key, (_, rule), (was, now) in zip(keys, known, typed_rows, strict=True):
        found[key], unread = rows.changed(rule, was, now)
        if unread is not None:
            typed.not_read(f"{field.path}.properties.{key}.default", unread)
    if typed.asked("add", name):
        found[_free("field", found)] = {"type": "string"}
    schema = {**earlier, "properties": found}
    ticked = {key for at, key in enumerate(keys) if typed.text(f"{name}.{at}.required") is not None}
    renamed = {old: key for (old, _), key in zip(known, keys, strict=True) if old}
    _put_required(schema, ticked, renamed, typed.all(f"{field.name}.undeclared"))
    return before if before is not ABSENT and values.same(schema, earlier) else schema


def _typed_row(name: str, key: str, rule: Any, typed: Typed) -> tuple[Row, Row]:
    """The row as it was shown, and as it stands now."""
    was = rows.shown(key, rule)
    texts = {each: typed.text(f"{name}.{each}") for each in rows.texts(was)}
    return was, replace(was, **{each: text for each, text in texts.items() if text is not None})


def _keys(known: list[str], typed_rows: list[Row]) -> list[str]:
    """Names that differ: those that were not changed stay, others make way."""
    same = [rows.shown(key, {}).key == row.key for key, row in zip(known, typed_rows, strict=True)]
    taken = {key for key, stays in zip(known, same, strict=True) if stays and key}
    found: list[str] = []
    for key, stays, row in zip(known, same, typed_rows, strict=True):
        if not (stays and key):
            key = _free(row.key.strip() or _named_after(row.title) or "field", taken)
            taken.add(key)
        found.append(key)
    return found


def _named_after(title: str) -> str:
    """A name that placeholders can read: 'Order number' becomes orderNumber."""
    words = re.findall(r"[A-Za-z0-9]+", title)
    name = "".join(word[:1].upper() + word[1:] for word in words)[:60]
    return re.sub(r"^[0-9]+", "", name[:1].lower() + name[1:])


def _free(key: str, taken: Iterable[str]) -> str:
    """The name, with a number behind it if another field has it."""
    names, found, number = set(taken), key, 2
    while found in names:
        found, number = f"{key}{number}", number + 1
    return found


def _put_required(
    schema: dict[str, Any], ticked: set[str], renamed: dict[str, str], undeclared: list[str]
) -> None:
    """Those that were required stay where they stand in the list; names of no field do, too."""
    listed: list[Any] = schema.get("required", [])
    names = [renamed.get(each, each) if isinstance(each, str) else each for each in listed]
    kept = [
        each
        for each in names
        if not isinstance(each, str)
        or each in ticked
        or (each in undeclared and each not in schema["properties"])
    ]
    kept += [name for name in schema["properties"] if name in ticked and name not in kept]
    if kept or "required" in schema:
        schema["required"] = kept
