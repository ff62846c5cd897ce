"""A number, whole or not."""

from typing import Any

from app.web.panel.around import Page
from app.web.panel.building import node
from app.web.panel.fields import Field
from app.web.panel.nodes import Node
from app.web.panel.texts import as_number, read_text, shown
from app.web.panel.typed import Typed


def build(field: Field, value: Any, page: Page) -> Node:
    """Never `type=number`: browsers send nothing of it that is no number."""
    mode = "numeric" if field.schema.get("type") == "integer" else "decimal"
    return node(field, "text", shown(value), options={"inputmode": mode})


def read(field: Field, before: Any, typed: Typed) -> Any:
    """A number where the text is one; else the text, at which the schema names the fault."""
    return read_text(field, before, typed, as_number)
