"""A text or a number, such as a status code or a class of them."""

from typing import Any

from app.web.panel.around import Page
from app.web.panel.fields import Field
from app.web.panel.nodes import Node
from app.web.panel.texts import as_number, as_text, read_text
from app.web.panel.typed import Typed
from app.web.panel.widgets import text


def build(field: Field, value: Any, page: Page) -> Node:
    """One line."""
    return text.build(field, value, page)


def read(field: Field, before: Any, typed: Typed) -> Any:
    """A number where the text is one."""
    return read_text(field, before, typed, _meaning)


def _meaning(field: Field, text: str) -> Any:
    return as_number(field, text) if text.strip() else as_text(field, text)
