"""From a form back to a document."""

from typing import Any

from app.web.panel.fields import Field
from app.web.panel.registry import widget_for
from app.web.panel.typed import Typed


def read(field: Field, before: Any, typed: Typed) -> Any:
    """The value that the form has for a field; ABSENT if there is none. What the page did not
    show is as it was before. What could not be read stands in `typed.unread`."""
    if not typed.has(field.name):
        typed.keep(field.name)
        return before
    return widget_for(field, before).read(field, before, typed)
