"""Text of some lines."""

from typing import Any

from app.web.panel.around import Page
from app.web.panel.building import node
from app.web.panel.fields import Field
from app.web.panel.nodes import Node
from app.web.panel.texts import shown
from app.web.panel.widgets.text import read

__all__ = ["build", "read"]


def build(field: Field, value: Any, page: Page) -> Node:
    """A field that grows with its text."""
    return node(field, "area", shown(value))
