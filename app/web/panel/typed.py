"""A form as it came: names to texts, rows arranged as the button said that was pressed."""

from collections.abc import Mapping
from typing import Any

from werkzeug.datastructures import MultiDict

HERE = "~"  # `actionConfig.headers~` says that the headers were on the page, even if none are left


class Typed:
    """What was typed.

    do      the button: `add:`, `remove:`, `up:` or `down:` and a name
    unread  texts that could not be read, by name: those of before where the page did not show
            them, and those that `not_read` adds
    """

    def __init__(self, form: MultiDict[str, str], unread: Mapping[str, str] | None = None) -> None:
        self.fields = {name: [clean(text) for text in form.getlist(name)] for name in form}
        self.do = self.text("do") or ""
        self.before = dict(unread or {})
        self.unread: dict[str, str] = {}

    def has(self, name: str) -> bool:
        """Whether the page showed this field."""
        return name in self.fields or name + HERE in self.fields

    def within(self, name: str) -> bool:
        """Whether the page showed a field within this one."""
        return any(other.startswith(f"{name}.") for other in self.fields)

    def text(self, name: str) -> str | None:
        """What stands in a field; None if the page did not show it."""
        found = self.fields.get(name)
        return found[-1] if found else None

    def all(self, name: str) -> list[str]:
        """What stands in all fields of this name."""
        return self.fields.get(name, [])

    def rows(self, name: str) -> int:
        """How many rows a list or a map had on the page."""
        count = 0
        while self.has(f"{name}.{count}") or f"{name}.{count}.name" in self.fields:
            count += 1
        return count

    def asked(self, verb: str, name: str) -> bool:
        """Whether this button was pressed."""
        return self.do == f"{verb}:{name}"

    def not_read(self, name: str, text: str) -> None:
        """Keep a text that can't be a value."""
        self.unread[name] = text

    def keep(self, name: str) -> None:
        """Of a field that the page did not show, keep what could not be read."""
        for other, text in self.before.items():
            if other == name or other.startswith(f"{name}."):
                self.unread[other] = text


def clean(text: str) -> str:
    """Line breaks as we write them. NUL can't be typed, and databases choke on it."""
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "")


MOST_ROWS = 1_000_000


def arrange(typed: Typed, document: dict[str, Any]) -> dict[str, Any]:
    """Take out or move the row that the button names, in what was typed and in the document as it
    was before; returns the latter. What is no row is left to its widget."""
    verb, _, name = typed.do.partition(":")
    base, _, last = name.rpartition(".")
    if verb not in ("remove", "up", "down") or not (last.isascii() and last.isdigit()):
        return document
    if not typed.rows(base):
        return document  # no list of this panel: a button of ours names none
    order = _order(verb, int(last[:6]), typed.rows(base))
    places = {old: new for new, old in enumerate(order)}
    typed.fields = {
        renamed: texts
        for old, texts in typed.fields.items()
        if (renamed := _renamed(old, base, places)) is not None
    }
    return _ordered(document, base.split("."), order)


def _order(verb: str, at: int, count: int) -> list[int]:
    """The rows of before, as they are to stand."""
    order = list(range(count))
    if at >= count:
        return order
    order.remove(at)
    if verb != "remove":
        order.insert(max(0, at - 1) if verb == "up" else at + 1, at)
    return order


def _renamed(name: str, base: str, places: Mapping[int, int]) -> str | None:
    """The name of a field after its row has moved; None if the row is gone."""
    if not name.startswith(f"{base}."):
        return name
    row, dot, rest = name[len(base) + 1 :].partition(".")
    number, here = row.removesuffix(HERE), HERE if row.endswith(HERE) else ""
    at = place_in(number, MOST_ROWS)
    if at is None:
        return name
    return f"{base}.{places[at]}{here}{dot}{rest}" if at in places else None


def place_in(digits: str, count: int) -> int | None:
    """Which of `count` places these digits name; None if they name none. int() would also take
    digits of other scripts, and refuses some that isdigit() takes."""
    plain = digits.isascii() and digits.isdigit() and len(digits) <= 6
    return int(digits) if plain and int(digits) < count else None


def _ordered(value: Any, parts: list[str], order: list[int]) -> Any:
    """The document with the rows of the place that `parts` lead to in this order."""
    if not parts:
        return _rows_in_order(value, order)
    first, *rest = parts
    if isinstance(value, dict) and first in value:
        return {**value, first: _ordered(value[first], rest, order)}
    if isinstance(value, list) and (at := place_in(first, len(value))) is not None:
        return [*value[:at], _ordered(value[at], rest, order), *value[at + 1 :]]
    return value


def _rows_in_order(value: Any, order: list[int]) -> Any:
    if isinstance(value, list):
        return [value[at] for at in order if at < len(value)]
    if isinstance(value, dict):
        rows = list(value.items())
        return dict(rows[at] for at in order if at < len(rows))
    return value
