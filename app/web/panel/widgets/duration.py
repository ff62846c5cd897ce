"""How long: typed in words or as ISO 8601, stored as the latter."""

from typing import Any

from app.schemas.durations import duration_words, parse_duration, read_duration
from app.web.panel.around import Page
from app.web.panel.building import node
from app.web.panel.fields import Field
from app.web.panel.nodes import Choice, Node
from app.web.panel.texts import shown
from app.web.panel.typed import Typed

COMMON = ("5 minutes", "15 minutes", "1 hour", "4 hours", "1 day", "2 days", "1 week")


def build(field: Field, value: Any, page: Page) -> Node:
    """In words where they mean exactly what is stored."""
    stored = shown(value)
    found = node(
        field,
        "area" if "\n" in stored else "duration",
        written(stored),
        choices=[Choice(each, each) for each in COMMON],
    )
    found.placeholder = COMMON[1]
    return found


def written(stored: str) -> str:
    """A stored duration as it stands in its field."""
    words = in_words(stored)
    return words if words and read_duration(words) == stored else stored


def in_words(stored: str) -> str:
    """A stored duration in words; empty if it is none."""
    try:
        return duration_words(parse_duration(stored))
    except ValueError:
        return ""


def read(field: Field, before: Any, typed: Typed) -> Any:
    """As ISO 8601 where it can be read; else the text, at which the schema names the fault."""
    text = typed.text(field.name)
    if text is None or text == written(shown(before)):
        return before
    if not text.strip():
        return None if field.optional else ""
    return read_duration(text) or text.strip()
