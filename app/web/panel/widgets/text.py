"""One line of text."""

from typing import Any

from app.web.panel.around import Page
from app.web.panel.building import node
from app.web.panel.fields import Field
from app.web.panel.nodes import Node
from app.web.panel.texts import as_text, read_text, shown
from app.web.panel.typed import Typed


def build(field: Field, value: Any, page: Page) -> Node:
    """One line; more if there are more, since a field of one line would lose them."""
    text = shown(value)
    return node(field, "area" if "\n" in text else "text", text)


def read(field: Field, before: Any, typed: Typed) -> Any:
    """The text."""
    return read_text(field, before, typed, as_text)
