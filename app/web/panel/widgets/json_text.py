"""Any JSON, as text."""

import json
from typing import Any

from app.errors import Malformed
from app.schemas.base import loads
from app.web.panel.around import Page
from app.web.panel.building import node
from app.web.panel.fields import ABSENT, Field
from app.web.panel.nodes import Node
from app.web.panel.typed import Typed


def build(field: Field, value: Any, page: Page) -> Node:
    """The text that could not be read, if that is what stands there, and why; else the value."""
    text = page.unread.get(field.name)
    if text is None:
        return node(field, "json", written(field, value))
    return node(field, "json", text, options={"fault": fault(text)})


def read(field: Field, before: Any, typed: Typed) -> Any:
    """The value. What is not JSON stays as it was typed, and the value as it was before."""
    text = typed.text(field.name)
    if text is None or (text == written(field, before) and field.name not in typed.before):
        return before
    if not text.strip():
        return ABSENT if _is_value(field) or not _may_be_null(field) else None
    if fault(text):
        typed.not_read(field.name, text)
        return before
    return loads(text)


def written(field: Field, value: Any) -> str:
    """A value as text that people can read; nothing where there is none."""
    if value is ABSENT and not _is_value(field):
        value = field.default
    if value is ABSENT or (value is None and not _is_value(field)):
        return ""
    return json.dumps(value, ensure_ascii=False, indent=2)


def fault(text: str) -> str:
    """Why a text is not JSON; empty if it is."""
    try:
        loads(text)
    except Malformed as error:
        return error.message.replace("The body", "This", 1)
    return ""


def _is_value(field: Field) -> bool:
    """Whether null is a value like others, and something else than none at all."""
    return bool(field.schema.get("x-null"))


def _may_be_null(field: Field) -> bool:
    return field.optional or "type" not in field.schema
