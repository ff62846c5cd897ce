"""Values as they stand in a single field, and back."""

import json
import re
from collections.abc import Callable
from typing import Any

from app.errors import Malformed
from app.schemas.base import loads
from app.web.panel.fields import ABSENT, Field
from app.web.panel.typed import Typed, clean

_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?", re.ASCII)


def shown(value: Any) -> str:
    """A value as text; nothing where there is none. What is no text stands as JSON."""
    if value is None or value is ABSENT:
        return ""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        value = int(value)
    return clean(value) if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def picked(field: Field, value: Any) -> str:
    """As `shown`, with the default where there is none."""
    return shown(field.default if value is ABSENT else value)


def read_text(
    field: Field,
    before: Any,
    typed: Typed,
    meaning: Callable[[Field, str], Any],
    show: Callable[[Any], str] = shown,
) -> Any:
    """What a single field has: `before` if it shows the same, else what its text means."""
    text = typed.text(field.name)
    return before if text is None or text == show(before) else meaning(field, text)


def as_text(field: Field, text: str) -> Any:
    """The text itself. An empty one means null where that may stand, or else the default."""
    return text or _nothing(field, "")


def _nothing(field: Field, otherwise: Any) -> Any:
    if field.optional:
        return None
    return ABSENT if field.default not in (ABSENT, "") else otherwise


def as_number(field: Field, text: str) -> Any:
    """A number where it is one; else the text, at which the schema names the fault."""
    bare = text.strip()
    if not bare:
        return _nothing(field, ABSENT)
    if not _NUMBER.fullmatch(bare):
        return text
    try:
        return loads(bare)
    except Malformed:  # beyond all measure
        return text
