"""Whose task it is: a person, a role or a group."""

from collections.abc import Sequence
from typing import Any

from app.models.vocabulary import Role
from app.web.panel.around import Page
from app.web.panel.building import node
from app.web.panel.fields import Field
from app.web.panel.nodes import Choice, Node
from app.web.panel.texts import shown
from app.web.panel.widgets import text

read = text.read
_KINDS = {"group": "Everybody in the group", "user": "Only"}


def build(field: Field, value: Any, page: Page) -> Node:
    """A field to type into that suggests people, with whom that means."""
    found = node(field, "area" if "\n" in shown(value) else "assignee", shown(value))
    found.choices = [Choice(*each) for each in people(page)]
    found.options["said"] = in_words(found.value, found.choices)
    return found


def people(page: Page) -> list[tuple[str, str]]:
    """Who can be picked, each with what they are called."""
    roles = [(f"role:{role}", f"anybody with the role {role}") for role in Role]
    named = {value for value, _ in page.around.people}
    return [*(each for each in roles if each[0] not in named), *page.around.people]


def in_words(who: str, choices: Sequence[Choice]) -> str:
    """Whom it means, for those who do not know our words."""
    if not who:
        return "Nobody: operators take it from the list of tasks."
    named = next((each.label for each in choices if each.value == who), "")
    kind, _, rest = who.partition(":")
    if kind == "role":
        return f"Anybody with the role {rest}."
    return f"{_KINDS[kind]} {named or rest}." if kind in _KINDS else ""
