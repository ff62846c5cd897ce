"""Yes or no."""

from typing import Any

from app.web.panel.around import Page
from app.web.panel.building import node
from app.web.panel.fields import ABSENT, Field
from app.web.panel.nodes import Node
from app.web.panel.typed import Typed


def build(field: Field, value: Any, page: Page) -> Node:
    """Ticked, or not."""
    return node(field, "checkbox", _is_ticked(field, value))


def read(field: Field, before: Any, typed: Typed) -> Any:
    """Browsers send nothing of a box that is not ticked."""
    ticked = typed.text(field.name) is not None
    return before if ticked == _is_ticked(field, before) else ticked


def _is_ticked(field: Field, value: Any) -> bool:
    value = field.default if value is ABSENT else value
    return value is not ABSENT and bool(value)
