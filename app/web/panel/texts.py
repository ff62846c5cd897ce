"""Values as they stand in a single field, and back."""

import json
import re
from collections.abc import Callable
from typing import Any

from app.errors import Malformed
from app.schemas.base import loads
from app.web.panel.fields import ABSENT, Field
from app.web.panel.typed import Typed

_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?", re.ASCII)


def shown(field: Field, value: Any) -> str:
    """A value, or the default where there is none, as text. What is no text stands as JSON."""
    value = field.default if value is ABSENT else value
    if value is None or value is ABSENT:
        return ""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        value = int(value)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def read_text(field: Field, before: Any, typed: Typed, meaning: Callable[[Field, str], Any]) -> Any:
    """What a single field has: `before` if it shows the same, else what its text means."""
    text = typed.text(field.name)
    if text is None or text == shown(field, before):
        return before
    return meaning(field, text)


def as_text(field: Field, text: str) -> Any:
    """The text itself; an empty one is null where that may stand."""
    return None if not text and field.optional else text


def as_number(field: Field, text: str) -> Any:
    """A number where it is one; else the text, at which the schema names the fault."""
    bare = text.strip()
    if not bare:
        return None if field.optional else ABSENT
    if not _NUMBER.fullmatch(bare):
        return text
    try:
        return loads(bare)
    except Malformed:  # beyond all measure
        return text
