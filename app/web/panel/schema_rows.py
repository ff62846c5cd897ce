"""A field of an input or a form, `name: JSON Schema`, as a row of texts and back. Only what was
changed is written: keywords that a row can't show stay as they are, in their order.

Long text has the convention `{"type": "string", "format": "textarea"}`.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, cast

from app.web.panel import typed_values as values
from app.web.panel.typed import clean
from app.web.panel.typed_values import MISSING, Unfit

OTHER = "other"  # a schema that has no kind of ours
KINDS: Mapping[str, tuple[str, dict[str, Any]]] = {
    "text": ("Text", {"type": "string"}),
    "long": ("Long text", {"type": "string", "format": "textarea"}),
    "number": ("Number", {"type": "number"}),
    "integer": ("Whole number", {"type": "integer"}),
    "yes-no": ("Yes or no", {"type": "boolean"}),
    "date": ("Date", {"type": "string", "format": "date"}),
    "choice": ("Choice", {"type": "string", "enum": []}),
    "email": ("Mail address", {"type": "string", "format": "email"}),
    "url": ("URL", {"type": "string", "format": "uri"}),
    "list": ("List, as JSON", {"type": "array"}),
    "object": ("Object, as JSON", {"type": "object"}),
}
_BY_FORMAT = {"textarea": "long", "date": "date", "email": "email", "uri": "url"}
_BY_TYPE = {
    kind["type"]: name
    for name, (_, kind) in reversed(KINDS.items())
    if "enum" not in kind and "format" not in kind
}
_VALUES = {"list": "json", "object": "json", OTHER: "any"}
_OWN = ("type", "format", "enum")  # the keywords that say which kind it is
_SHOWN = frozenset({*_OWN, "title", "description", "default", "examples"})


@dataclass(frozen=True, slots=True)
class Row:
    """What a row shows, as texts."""

    key: str = ""
    title: str = ""
    kind: str = "text"
    default: str = ""
    choices: str = ""
    help: str = ""
    example: str = ""


def shown(key: str, schema: Any) -> Row:
    """The row of a field."""
    rule = _rule(schema)
    kind = kind_of(schema)
    examples = rule.get("examples")
    return Row(
        key=clean(key),
        title=clean(_text(rule.get("title"))),
        kind=kind,
        default=_written(kind, rule.get("default", MISSING)),
        choices="\n".join(rule["enum"]) if kind == "choice" else "",
        help=clean(_text(rule.get("description"))),
        example=_example(kind, cast("list[Any]", examples)),
    )


def kind_of(schema: Any) -> str:
    """Which kind a schema is; OTHER if it is none of ours."""
    rule = _rule(schema)
    if "enum" in rule:
        return (
            "choice"
            if _are_lines(rule["enum"]) and rule.get("type", "string") == "string"
            else OTHER
        )
    type = rule.get("type")
    if type == "string":
        return _BY_FORMAT.get(_text(rule.get("format")), "text")
    return _BY_TYPE.get(type, OTHER) if isinstance(type, str) else OTHER


def value_kind(kind: str) -> str:
    """The kind of its values: see typed_values."""
    if kind in ("long", "number", "integer", "yes-no"):
        return kind
    return _VALUES.get(kind, "text")


def kept(schema: Any) -> list[str]:
    """The keywords that are there and that no row shows."""
    return [name for name in _rule(schema) if name not in _SHOWN]


def _rule(schema: Any) -> dict[str, Any]:
    return cast("dict[str, Any]", schema) if isinstance(schema, dict) else {}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _are_lines(choices: Any) -> bool:
    return isinstance(choices, list) and choices == _lines("\n".join(map(_text, choices)))  # type: ignore[reportUnknownArgumentType]


def _lines(text: str) -> list[str]:
    return list(dict.fromkeys(line.strip() for line in text.split("\n") if line.strip()))


def _example(kind: str, examples: Any) -> str:
    if not isinstance(examples, list) or not examples:
        return ""
    return _written(kind, examples[0]) or _written(OTHER, examples[0])


def _written(kind: str, value: Any) -> str:
    try:
        return values.written(value_kind(kind), value)[0]
    except Unfit:
        return ""


def changed(schema: Any, before: Row, now: Row) -> tuple[Any, str | None]:
    """The schema with what differs between the rows, and a default that can't be read, if any."""
    if before == replace(now, key=before.key):
        return schema, None
    rule: dict[str, Any] = dict(_rule(schema)) if schema is not False else {"not": {}}
    if before.kind != now.kind and now.kind in KINDS:
        rule = {name: value for name, value in rule.items() if name not in _OWN}
        rule = {**KINDS[now.kind][1], **rule}
    if now.kind == "choice" and (before.kind, before.choices) != (now.kind, now.choices):
        rule["enum"] = _lines(now.choices)
    for keyword, was, text in (
        ("title", before.title, now.title),
        ("description", before.help, now.help),
    ):
        if was != text:
            _put(rule, keyword, text if text.strip() else MISSING)
    if before.example != now.example:
        _put(rule, "examples", _examples(rule, before, now))
    return rule, _put_default(rule, before, now)


def _put(rule: dict[str, Any], keyword: str, value: Any) -> None:
    if value is MISSING:
        rule.pop(keyword, None)
    else:
        rule[keyword] = value


def _examples(rule: dict[str, Any], before: Row, now: Row) -> Any:
    """The one that is shown, in front of those that are not."""
    others = rule.get("examples")
    others = cast("list[Any]", others) if isinstance(others, list) else []
    others = others[1:] if before.example else others
    try:
        first = values.read(value_kind(now.kind), [now.example])
    except ValueError:
        first = now.example
    return ([first] if first is not MISSING else []) + others or MISSING


def _put_default(rule: dict[str, Any], before: Row, now: Row) -> str | None:
    same_kind = value_kind(before.kind) == value_kind(now.kind)
    if before.default == now.default and (same_kind or not now.default):
        return None
    try:
        _put(rule, "default", values.read(value_kind(now.kind), [now.default]))
    except ValueError:
        return now.default
    return None


def texts(row: Row) -> dict[str, str]:
    """What stands in the row's controls, by their names."""
    return asdict(row)
