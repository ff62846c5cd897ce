"""How often a failed attempt is tried again, with the times that this comes to."""

from datetime import timedelta
from typing import Any

from app.domain.retries import planned_waits
from app.errors import Invalid
from app.schemas.durations import duration_words
from app.schemas.retry import Retry
from app.web.panel.around import Page
from app.web.panel.fields import ABSENT, Field
from app.web.panel.nodes import Node
from app.web.panel.widgets import objects

MOST = 9  # waits that are named one by one
read = objects.read


def build(field: Field, value: Any, page: Page) -> Node:
    """The fields, and what they mean."""
    found = objects.build(field, value, page)
    found.kind, found.options["words"] = "retry", in_words(value)
    return found


def in_words(value: Any) -> str:
    """'10 tries in all …'; empty if it can't be read."""
    try:
        retry = Retry.read({} if value is ABSENT else value)
    except Invalid:
        return ""
    waits = planned_waits(retry)
    if not waits:
        return "One try; if it fails, the step fails."
    named = ", ".join(_words(wait) for wait in waits[:MOST])
    rest = f", and so on up to {_words(waits[-1])}" if len(waits) > MOST else ""
    spread = "" if isinstance(retry.schedule, list) else ", each up to 20 % shorter or longer"
    return (
        f"{retry.allowed} tries: the first at once, the others each {named}{rest} after the one "
        f"before{spread}. The last is made about {_words(sum(waits))} after the first."
    )


def _words(seconds: float) -> str:
    return f"{seconds:g} seconds" if seconds < 1 else duration_words(timedelta(seconds=seconds))
