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
from app.web.panel.typed import Typed, clean
from app.web.panel.widgets import json_text

_ROOT = frozenset({"type", "properties", "required"})
TEXT = {"type": "string"}
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
    found = node(field, "fields", children=children, options=options)
    found.help = ""  # the form beside it says it
    return found


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
    name = f"{field.name}.properties.{at}"
    options = {**rows.texts(row), "required": required, "kept": rows.kept(rule)}
    kinds = [Choice(kind, label) for kind, (label, _) in rows.KINDS.items()]
    kinds += [Choice(OTHER, "Something else, kept as it is")] if row.kind == OTHER else []
    default = _default(row, f"{name}.default", f"{path}.default", page)
    return Node(
        kind="fields_row",
        name=name,
        path=path,
        label=row.title or row.key,
        choices=kinds,
        children=[default],
        options=options | {"fault": _fault(row)},
    )


def _fault(row: Row) -> str:
    return "List what can be chosen." if row.kind == "choice" and not row.choices else ""


def _default(row: Row, name: str, path: str, page: Page) -> Node:
    """The control of the default, with what is wrong with it."""
    kind, unread = rows.value_kind(row.kind), page.unread.get(path)
    fault = ""
    try:
        values.read(kind, [unread or ""])
    except ValueError as error:
        fault = str(error)
    listed = row.choices.split("\n") if row.kind == "choice" else []
    if row.kind == "choice" and row.default and row.default not in listed:
        listed.append(row.default)
    return Node(
        kind="value",
        name=name,
        path=path,
        label="Default",
        choices=[Choice(each, each) for each in listed],
        options={
            "kind": "choice" if listed else kind,
            "texts": [row.default if unread is None else unread],
            "fault": fault,
        },
    )


def read(field: Field, before: Any, typed: Typed) -> Any:
    """The schema: of what is there already, only what was changed."""
    name = f"{field.name}.properties"
    if not typed.has(name):
        return json_text.read(field, before, typed)
    earlier: dict[str, Any] = dict(_EMPTY if before in (ABSENT, None) else before)
    known: list[tuple[str | None, Any]] = [*earlier.get("properties", {}).items()]
    known += [(None, _new(f"{name}.{at}", typed)) for at in range(len(known), typed.rows(name))]
    typed_rows = [_typed_row(f"{name}.{at}", *row, typed) for at, row in enumerate(known)]
    keys = _keys([key for key, _ in known], typed_rows)
    found: dict[str, Any] = {}
    for key, (_, rule), (was, now) in zip(keys, known, typed_rows, strict=True):
        found[key], unread = rows.changed(rule, was, now)
        if unread is not None:
            typed.not_read(f"{field.path}.properties.{key}.default", unread)
    if typed.asked("add", name):
        found[_free("field", found)] = dict(TEXT)
    schema = {**earlier, "properties": found} if found or "properties" in earlier else dict(earlier)
    ticked = {key for at, key in enumerate(keys) if typed.text(f"{name}.{at}.required") is not None}
    renamed = {old: key for (old, _), key in zip(known, keys, strict=True) if old is not None}
    _put_required(schema, ticked, renamed, typed.all(f"{field.name}.undeclared"))
    return before if values.same(schema, earlier) else schema


def _new(name: str, typed: Typed) -> dict[str, Any]:
    """What a row begins with of which nothing is known."""
    return {} if typed.text(f"{name}.kind") == OTHER else dict(TEXT)


def _typed_row(name: str, key: str | None, rule: Any, typed: Typed) -> tuple[Row, Row]:
    """The row as it was shown, and as it stands now."""
    was = rows.shown(key or "", rule)
    texts = {each: typed.text(f"{name}.{each}") for each in rows.texts(was)}
    return was, replace(was, **{each: text for each, text in texts.items() if text is not None})


def _keys(known: list[str | None], typed_rows: list[tuple[Row, Row]]) -> list[str]:
    """Names that differ: those that were not changed stay, others make way."""
    kept = [
        key if key is not None and was.key == now.key else None
        for key, (was, now) in zip(known, typed_rows, strict=True)
    ]
    taken = {key for key in kept if key is not None}
    found: list[str] = []
    for key, (_, now) in zip(kept, typed_rows, strict=True):
        if key is None:
            key = now.key if now.key.strip() else _named_after(now.title)
            key = _free(key or "field", taken)
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
    fields: dict[str, Any] = schema.get("properties", {})
    listed: list[Any] = schema.get("required", [])
    names = [renamed.get(each, each) if isinstance(each, str) else each for each in listed]
    kept = [
        each
        for each in names
        if not isinstance(each, str)
        or each in ticked
        or (clean(each) in undeclared and each not in fields)
    ]
    kept += [name for name in fields if name in ticked and name not in kept]
    if kept or "required" in schema:
        schema["required"] = kept
