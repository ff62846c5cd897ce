"""Values in words, for sentences on pages."""

from datetime import timedelta

from flask import current_app
from markupsafe import Markup

_UNITS = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))


def length(span: timedelta) -> str:
    """'41 s', '2 min', '3 h', '12 d'."""
    seconds = max(int(span.total_seconds()), 0)
    size, unit = next(((s, u) for s, u in _UNITS if seconds >= s), (1, "s"))
    return f"{seconds // size} {unit}"


def time(at: object, form: str = "relative") -> Markup:
    """A time as all pages write it (_time.html): it keeps up with the clock by itself."""
    macros = current_app.jinja_env.get_template("_time.html").module
    return Markup(macros.time(at, form))  # type: ignore[attr-defined]  # noqa: S704 - the macro escapes


def who(assignee: str | None) -> str:
    """'Finance', 'an operator', 'the group finance', 'somebody'."""
    kind, _, name = (assignee or "").partition(":")
    if not name:
        return kind or "somebody"
    if kind == "group":
        return f"the group {name}"
    if kind == "role":
        return f"{'an' if name[0] in 'aeiou' else 'a'} {name}"
    return name


def actor(name: str) -> str:
    """Who did it, as a person reads it: addresses without their kind, programs with it."""
    return name.removeprefix("user:")


def few(names: list[str]) -> str:
    """'A', 'A and B', 'A and 2 more'."""
    if len(names) <= 2:
        return " and ".join(names)
    return f"{names[0]} and {len(names) - 1} more"
