"""A group that is not there until somebody adds it."""

from dataclasses import replace
from typing import Any

from app.web.panel.around import Page
from app.web.panel.building import build as build_any
from app.web.panel.building import node
from app.web.panel.fields import ABSENT, Field
from app.web.panel.nodes import Node
from app.web.panel.registry import plain_kind, widget_for
from app.web.panel.typed import Typed


def build(field: Field, value: Any, page: Page) -> Node:
    """A button that adds it; or the group, with a button that removes it."""
    if value is None or value is ABSENT:
        return node(field, "optional")
    inner = build_any(replace(field, optional=False), value, page)
    inner.options["removable"] = True
    return inner


def read(field: Field, before: Any, typed: Typed) -> Any:
    """Null while it is not there."""
    if typed.asked("remove", field.name):
        return None
    inner = replace(field, optional=False)
    blank: Any = [] if plain_kind(inner) == "list" else {}
    if not typed.within(field.name):
        return blank if typed.asked("add", field.name) else before
    before = ABSENT if before is None else before
    value = widget_for(inner, before).read(inner, before, typed)
    return blank if value is ABSENT else value
