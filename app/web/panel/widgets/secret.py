"""A secret, picked by its name."""

from typing import Any

from app.web.panel.around import Page
from app.web.panel.building import node
from app.web.panel.fields import Field
from app.web.panel.nodes import Choice, Node
from app.web.panel.texts import picked
from app.web.panel.widgets.choice import complete, read

__all__ = ["build", "read"]


def build(field: Field, value: Any, page: Page) -> Node:
    """The names of those that there are. One that is missing stays picked, since it may be made
    yet; the findings say that it is missing."""
    there = picked(field, value)
    choices = [Choice(name, name) for name in page.around.secrets]
    return node(field, "secret", there, choices=complete(choices, there, field))
