"""One of a few."""

from collections.abc import Sequence
from typing import Any

from app.web.panel.around import Page
from app.web.panel.building import node
from app.web.panel.fields import Field
from app.web.panel.nodes import Choice, Node
from app.web.panel.texts import as_text, read_text, shown
from app.web.panel.typed import Typed


def build(field: Field, value: Any, page: Page) -> Node:
    """What a schema lists."""
    values = field.schema.get("enum") or [field.schema.get("const")]
    labels = field.schema.get("x-labels", {})
    picked = shown(field, value)
    choices = [Choice(str(each), labels.get(each, str(each))) for each in values]
    return node(field, "choice", picked, choices=complete(choices, picked, field))


def complete(choices: Sequence[Choice], picked: str, field: Field) -> list[Choice]:
    """With an empty choice where nothing may stand or nothing does, and with one for what was
    picked though there is no such thing: it is kept, and said."""
    found = list(choices)
    if picked and picked not in {each.value for each in found}:
        found.append(Choice(picked, f"{picked}: there is no such choice", missing=True))
    if field.optional or not picked:
        found.insert(0, Choice("", "none" if field.optional else "choose"))
    return found


def read(field: Field, before: Any, typed: Typed) -> Any:
    """What was picked."""
    return read_text(field, before, typed, as_text)
