"""One of some alternatives: the values of an enum, or something of another shape."""

from typing import Any

from app.web.panel.around import Page
from app.web.panel.building import build as build_any
from app.web.panel.building import node
from app.web.panel.fields import ABSENT, Field
from app.web.panel.nodes import Choice, Node
from app.web.panel.reading import read as read_any
from app.web.panel.registry import branch_of
from app.web.panel.typed import Typed, place_in

_BRANCH = "~"  # begins the choice of an alternative that is no plain value


def build(field: Field, value: Any, page: Page) -> Node:
    """A choice of the alternatives, and below it what the present one has to say."""
    value = field.default if value is ABSENT else value
    at = branch_of(field, value)
    plain = at is None or "enum" in field.schema["anyOf"][at]
    inner = [] if plain else [build_any(_branch(field, at), value, page)]
    for each in inner:  # it has the name of the choice
        each.options["inner"] = True
    picked = str(value) if plain else f"{_BRANCH}{at}"
    return node(field, "union", picked, choices=_choices(field), children=inner)


def _choices(field: Field) -> list[Choice]:
    labels = field.schema.get("x-labels", {})
    found: list[Choice] = []
    for at, each in enumerate(field.schema["anyOf"]):
        if "enum" in each:
            found += [Choice(value, labels.get(value, value)) for value in each["enum"]]
        else:
            found.append(Choice(f"{_BRANCH}{at}", each.get("title", each["type"])))
    return found


def _branch(field: Field, at: int | None) -> Field:
    return field.same(field.schema["anyOf"][at or 0])


def read(field: Field, before: Any, typed: Typed) -> Any:
    """The value picked, or what was typed for the alternative that is picked."""
    picked = typed.text(field.name) or ""
    present = field.default if before is ABSENT else before
    if not picked.startswith(_BRANCH):
        return before if picked == present else picked
    at = place_in(picked[1:], len(field.schema["anyOf"]))
    if at is None:
        return before
    branch = _branch(field, at)
    fits = branch_of(field, present) == at
    value = read_any(branch, before if fits else ABSENT, typed)
    if value is not ABSENT:
        return value
    return [] if branch.schema.get("type") == "array" else {}  # picked just now
