"""One of a few."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from app.web.panel.around import Page
from app.web.panel.building import node
from app.web.panel.fields import Field
from app.web.panel.nodes import Choice, Node
from app.web.panel.texts import as_text, picked, read_text
from app.web.panel.typed import Typed


def build(field: Field, value: Any, page: Page) -> Node:
    """What a schema lists."""
    values = field.schema.get("enum") or [field.schema.get("const")]
    labels = field.schema.get("x-labels", {})
    there = picked(field, value)
    choices = [Choice(str(each), labels.get(each, str(each))) for each in values]
    return node(field, "choice", there, choices=complete(choices, there, field))


def complete(choices: Sequence[Choice], there: str, field: Field) -> list[Choice]:
    """With an empty choice where nothing may stand or nothing does, and with one for what was
    picked though there is no such thing: it is kept, and said."""
    found = list(choices)
    if there and there not in {each.value for each in found}:
        found.append(Choice(there, f"{there}: there is no such choice", missing=True))
    if field.optional or not there:
        found.insert(0, Choice("", "none" if field.optional else "choose"))
    return found


def read(field: Field, before: Any, typed: Typed) -> Any:
    """What was picked."""
    return read_text(field, before, typed, as_text, partial(picked, field))
