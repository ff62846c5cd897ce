"""When a step runs, or a notice is sent: a builder for `when` that needs no code. What it can't
show, such as groups deeper than it draws, stands as JSON."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from app.domain import condition_words
from app.web.panel import comparisons
from app.web.panel.around import KnownPath, Page
from app.web.panel.building import node
from app.web.panel.comparisons import FRESH, Known
from app.web.panel.fields import ABSENT, Field
from app.web.panel.nodes import Node
from app.web.panel.typed import Typed
from app.web.panel.typed_values import same
from app.web.panel.widgets import json_text

DEEPEST = 2  # groups within groups that are drawn
OPPOSITE = {"all": "any", "any": "all"}


def build(field: Field, value: Any, page: Page) -> Node:
    """Rows that can be nested; JSON for what they can't show or what can't be read."""
    if field.name in page.unread or not _can_show(value, 0):
        shown = json_text.build(field, value, page)
        return node(field, "condition_json", shown.value, options=shown.options)
    known = {path.path: path for path in page.around.conditions}
    root = _Drawing(known, page.unread).group(field.name, field.path, value, 0)
    said = condition_words.sentence(value, lambda path: _title(known, path))
    options = {**root.options, "sentence": said, "paths": paths_by_source(page)}
    found = node(field, "condition", children=root.children, options=options)
    found.help = ""  # the sentence says it
    return found


def _can_show(value: Any, depth: int) -> bool:
    if depth == 0 and value in (None, ABSENT):
        return True
    if not isinstance(value, dict) or depth > DEEPEST:
        return False
    [(word, parts)] = value.items() if len(value) == 1 else [("", None)]  # type: ignore[reportUnknownArgumentType]
    if word not in OPPOSITE or not isinstance(parts, list) or not parts:
        return False
    return all(
        comparisons.can_show(part) or (isinstance(part, dict) and _can_show(part, depth + 1))
        for part in cast("list[Any]", parts)
    )


@dataclass(frozen=True, slots=True)
class _Drawing:
    known: Known
    unread: Mapping[str, str]

    def group(self, name: str, at: str, value: Any, depth: int) -> Node:
        """All or any of its parts; `at` is its path in the document."""
        word, parts = next(iter(value.items())) if isinstance(value, dict) else ("all", [])  # type: ignore[reportUnknownArgumentType]
        children = [
            self._part(f"{name}.parts.{n}", f"{at}.{word}.{n}", part, depth + 1)
            for n, part in enumerate(cast("list[Any]", parts))
        ]
        options = {"match": word, "deeper": depth < DEEPEST}
        return Node(kind="condition_group", name=name, path=at, children=children, options=options)

    def _part(self, name: str, at: str, part: Any, depth: int) -> Node:
        if isinstance(part, dict):
            return self.group(name, at, part, depth)
        return comparisons.build(name, at, part, self.known, self.unread)


def _title(known: Known, path: str) -> str:
    return known[path].title if path in known else path


def paths_by_source(page: Page) -> list[tuple[str, list[tuple[str, KnownPath]]]]:
    """What can be picked, as (where it comes from, [(kind of its values, path)])."""
    found: dict[str, list[tuple[str, KnownPath]]] = {}
    names = {"input": "Input", "instance": "Instance", **dict(page.around.steps)}
    for path in page.around.conditions:
        root, key = (*path.path.split("."), "")[:2]
        source = names.get(key, key) if root == "steps" else names.get(root, root)
        found.setdefault(source, []).append((comparisons.base_of(path), path))
    return [*found.items()]


def read(field: Field, before: Any, typed: Typed) -> Any:
    """The condition; null if it has no rows."""
    if typed.text(f"{field.name}.match") is None:
        return json_text.read(field, before, typed)
    value = _group(field.name, field.path, typed)
    earlier = None if before is ABSENT else before
    return before if same(value, earlier) else value


def _group(name: str, at: str, typed: Typed) -> dict[str, Any] | None:
    word = "any" if typed.text(f"{name}.match") == "any" else "all"
    parts: list[Any] = []
    for n in range(typed.rows(f"{name}.parts")):
        row, place = f"{name}.parts.{n}", f"{at}.{word}.{len(parts)}"
        is_group = typed.text(f"{row}.match") is not None
        part = _group(row, place, typed) if is_group else comparisons.read(row, place, typed)
        parts += [part] if part else []
    if typed.asked("add", f"{name}.parts"):
        parts.append([*FRESH])
    if typed.asked("group", f"{name}.parts"):
        parts.append({OPPOSITE[word]: [[*FRESH]]})
    return {word: parts} if parts else None
