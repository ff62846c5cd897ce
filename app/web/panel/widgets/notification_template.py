"""What a notice says: a notification template by its key, or the trigger's own."""

from typing import Any

from app.web.panel.around import Page
from app.web.panel.building import node
from app.web.panel.fields import Field
from app.web.panel.nodes import Choice, Node
from app.web.panel.texts import shown
from app.web.panel.widgets import text

read = text.read
OWN = "Usual words"  # of the trigger's own, where nobody knows which that is


def build(field: Field, value: Any, page: Page) -> Node:
    """Those that are there, and the one that is named though it is not."""
    picked = shown(value)
    found = node(field, "notification_template", picked)
    choices = [Choice(*each) for each in page.around.notification_templates]
    if picked and picked not in {each.value for each in choices}:
        choices.append(Choice(picked, f"{picked}: there is no such template", missing=True))
    found.choices = choices
    found.options |= {"own": OWN, "pairs": [(each.value, each.label) for each in choices]}
    return found
