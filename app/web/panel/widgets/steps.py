"""Other steps of the template, ticked."""

from typing import Any, cast

from app.web.panel.around import Page
from app.web.panel.building import node
from app.web.panel.fields import ABSENT, Field
from app.web.panel.nodes import Choice, Node
from app.web.panel.typed import Typed


def build(field: Field, value: Any, page: Page) -> Node:
    """All others, and those that were picked though there is no such step."""
    picked = _picked(value)
    choices = [Choice(key, name or key) for key, name in page.around.steps]
    known = {key for key, _ in page.around.steps}
    gone = (key for key in dict.fromkeys(picked) if key not in known)
    choices += [Choice(key, f"{key}: there is no such step", missing=True) for key in gone]
    return node(field, "steps", picked, choices=choices)


def read(field: Field, before: Any, typed: Typed) -> Any:
    """Those ticked: the ones of before in their order, then the others."""
    ticked = typed.all(field.name)
    earlier = _picked(before)
    if set(ticked) == set(earlier):
        return before
    kept = [key for key in earlier if key in ticked]
    return [*kept, *(key for key in ticked if key not in kept)]


def _picked(value: Any) -> list[str]:
    return cast("list[str]", value) if value is not ABSENT and isinstance(value, list) else []
