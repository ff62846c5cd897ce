"""Values of a known kind as texts in controls, and back. What a kind can't show without loss is
shown by another: `any` shows every value, `any*` every list.

text     one line                       number   with a point         integer  a whole number
long     several lines                  yes-no   `true` or `false`    json     JSON
choice   JSON of one of a schema's      any      JSON where it is JSON, else the text itself

A star makes it a list: `text*`, `number*`, `integer*` and `any*` stand on a line each, `choice*`
in checkboxes."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from app.errors import Malformed
from app.schemas.base import loads
from app.web import schema_forms
from app.web.panel.fields import Absent

MISSING: Any = object()  # nothing was typed
_OF_TYPE = {"string": "text", "number": "number", "integer": "integer", "boolean": "yes-no"}
_SCHEMA_KINDS = {"choice": "enum", "long": "string", "text": "string"}


class Unfit(ValueError):
    """This kind can't show the value."""


def kind_of_schema(schema: Mapping[str, Any], type: str) -> str:
    """The kind of a value that a schema describes; `type` is its JSON type, or `any`."""
    if isinstance(schema.get("enum"), list) and schema["enum"]:
        return "choice"
    return _OF_TYPE.get(type, "any")


def read(kind: str, texts: Sequence[str]) -> Any:
    """The value that was typed, or MISSING. Raises ValueError with what is wrong."""
    if kind.endswith("*"):
        lines = texts if kind == "choice*" else "\n".join(texts).split("\n")
        return [_one(kind[:-1], line.strip()) for line in lines if line.strip()] or MISSING
    text = texts[0] if texts else ""
    blank = not text if kind in ("text", "long") else not text.strip()
    return MISSING if blank else _one(kind, text)


def _one(kind: str, text: str) -> Any:
    if kind == "any":
        return _any(text)
    if kind == "yes-no":
        return _yes_or_no(text)
    try:
        return schema_forms.typed_value(text, _SCHEMA_KINDS.get(kind, kind))
    except Malformed as fault:
        raise ValueError(fault.message.replace("The body", "This", 1)) from None


def _yes_or_no(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError("Choose yes or no.")
    return text == "true"


def _any(text: str) -> Any:
    try:
        return loads(text)
    except Malformed:
        return text


def written(kind: str, value: Any) -> list[str]:
    """The texts that read as exactly this value. Raises Unfit if there are none."""
    if value is MISSING:
        return [""]
    texts = _texts(kind, value)
    try:
        again = read(kind, texts)
    except ValueError:
        again = MISSING
    if not same(again, value) or _would_change(texts):
        raise Unfit
    return texts


def _texts(kind: str, value: Any) -> list[str]:
    if not kind.endswith("*"):
        return [_text(kind, value)]
    if not isinstance(value, list):
        raise Unfit
    texts = [_text(kind[:-1], each) for each in value]  # type: ignore[reportUnknownVariableType]
    return texts if kind == "choice*" else ["\n".join(texts)]


def _text(kind: str, value: Any) -> str:
    if isinstance(value, str) and kind not in ("choice", "json"):
        return value if kind != "any" or same(_any(value), value) else json_text(value)
    return json_text(value)


def _would_change(texts: Sequence[str]) -> bool:
    """Whether a control would: there is one kind of line break in forms."""
    return any("\r" in text for text in texts)


def plain(value: Any) -> list[str]:
    """A value as somebody would write it, for a control of another kind."""
    if value is MISSING:
        return [""]
    values: list[Any] = value if isinstance(value, list) else [value]
    return ["\n".join(each if isinstance(each, str) else json_text(each) for each in values)]


def json_text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def same(one: Any, other: Any) -> bool:
    """Equal as JSON is: 1 is not true, nor 1.0."""
    if any(each is MISSING or isinstance(each, Absent) for each in (one, other)):
        return one is other
    return json.dumps(one) == json.dumps(other)
