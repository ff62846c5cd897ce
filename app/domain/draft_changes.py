"""What authors do to the steps of a draft, as pure functions: one Writing in, another one out.

A step is moved with the texts in it that can't be read yet, which are kept by their places in the
document. Keys stay unique and well-formed, since pages and references name steps by them.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, cast

from app.domain.half_done import items
from app.domain.step_references import Follower
from app.errors import Invalid, NotFound
from app.schemas.actions import ACTION_TYPES
from app.schemas.template import KEY_PATTERN, MAX_STEPS

KEPT = 10  # removed steps that can be put back
_LONGEST_KEY = 100

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Writing:
    """A document being written, texts in it that can't be read yet (by dotted path), and the
    steps last removed."""

    document: Document
    unread: Mapping[str, str]
    removed: list[Document]


@dataclass(frozen=True, slots=True)
class Part:
    """A step, and its unread texts by their paths within it."""

    step: Document
    unread: Mapping[str, str]

    @property
    def key(self) -> str:
        return key_of(self.step)

    @property
    def depends_on(self) -> list[str]:
        return depends_on(self.step)


def steps_of(document: Mapping[str, Any]) -> list[Document]:
    """The steps of a document."""
    steps = items(document.get("steps"))
    return [cast("Document", step) for step in steps if isinstance(step, dict)]


def key_of(step: Mapping[str, Any]) -> str:
    """Its key; empty if it has none worth the name."""
    key = step.get("key")
    return key if isinstance(key, str) else ""


def depends_on(step: Mapping[str, Any]) -> list[str]:
    """The keys of the steps it waits for."""
    return [key for key in items(step.get("dependsOn")) if isinstance(key, str)]


def part_of(writing: Writing, key: str) -> Part:
    """A step by key. Raises NotFound."""
    return _found(_parts(writing), key)[1]


def add(writing: Writing, action_type: str, name: str = "", after: str | None = None) -> Writing:
    """A new step that waits for the step `after` and stands behind it (None: at the end). Find it
    with `added`. Raises Invalid."""
    if action_type not in ACTION_TYPES:
        raise Invalid.at("kind", f"{action_type!r} is not an action type.")
    parts = _parts(writing)
    name = name.strip() or ACTION_TYPES[action_type].label
    at = _found(parts, after)[0] + 1 if after is not None else len(parts)
    step: Document = {
        "key": unused_key(name, _keys(parts)),
        "name": name,
        "description": "",
        "actionType": action_type,
        "dependsOn": [after] if after is not None else [],
        "when": None,
        "actionConfig": {},
        "notificationPolicies": [],
        "assignee": None,
        "dueIn": None,
        "dueAt": None,
    }
    return _inserted(writing, parts, at, Part(step, {}))


def duplicate(writing: Writing, key: str) -> Writing:
    """A copy right behind it; nobody waits for the copy. Raises NotFound."""
    parts = _parts(writing)
    at, part = _found(parts, key)
    name = f"{part.step.get('name') or key} (copy)"[:200]
    copy = part.step | {"key": unused_key(key, _keys(parts)), "name": name}
    return _inserted(writing, parts, at + 1, Part(copy, part.unread))


def added(before: Writing, after: Writing) -> str | None:
    """The key of the step that came in between, or came back."""
    known = {key_of(step) for step in steps_of(before.document)}
    keys = (key_of(step) for step in steps_of(after.document))
    return next((key for key in keys if key not in known), None)


def remove(writing: Writing, key: str) -> Writing:
    """Without the step; who waited for it does not any more. Raises NotFound."""
    parts = _parts(writing)
    at, part = _found(parts, key)
    waiting = {other.key: other.depends_on.index(key) for other in parts if key in other.depends_on}
    gone = {"step": part.step, "unread": {**part.unread}, "at": at, "dependents": waiting}
    left = [_without(other, key) for other in parts if other.key != key]
    return replace(_joined(writing, left), removed=[gone, *writing.removed][:KEPT])


def put_back(writing: Writing, number: int) -> Writing:
    """A removed step where it was, with those who waited for it. `number`: its place among the
    removed. Raises NotFound."""
    if not 0 <= number < len(writing.removed):
        raise NotFound("There is no such removed step.")
    gone = writing.removed[number]
    parts = _parts(writing)
    key = unused_key(gone["step"]["key"], _keys(parts))
    waiting = gone["dependents"]
    parts = [
        _waiting(part, key, waiting[part.key]) if part.key in waiting else part for part in parts
    ]
    rest = [each for at, each in enumerate(writing.removed) if at != number]
    back = Part(gone["step"] | {"key": key}, gone["unread"])
    return _inserted(replace(writing, removed=rest), parts, gone["at"], back)


def move(writing: Writing, key: str, to: int) -> Writing:
    """The step at another place of the list, counted from 0; past an end it stops there."""
    parts = _parts(writing)
    _, part = _found(parts, key)
    others = [other for other in parts if other.key != key]
    to = min(max(to, 0), len(others))
    return _joined(writing, [*others[:to], part, *others[to:]])


def moved(writing: Writing, key: str, to: str) -> Writing:
    """The same in words: `up`, `down`, or the number of a place. Raises Invalid."""
    if to in ("up", "down"):
        return move(writing, key, place_of(writing, key) + (1 if to == "down" else -1))
    if not (to.isascii() and to.isdigit() and len(to) < 5):
        raise Invalid.at("to", "A step moves up, down, or to a place by its number.")
    return move(writing, key, int(to))


def place_of(writing: Writing, key: str) -> int:
    """Where in the list the step stands, counted from 0. Raises NotFound."""
    return _found(_parts(writing), key)[0]


def set_dependencies(writing: Writing, key: str, keys: Iterable[str]) -> Writing:
    """What the step waits for: those it waited for before keep their order."""
    parts = _parts(writing)
    _, part = _found(parts, key)
    wanted = set(keys) - {key}
    kept = [other for other in dict.fromkeys(part.depends_on) if other in wanted]
    new = [other.key for other in parts if other.key in wanted and other.key not in kept]
    return with_step(writing, key, part.step | {"dependsOn": kept + new}, part.unread)


def with_step(
    writing: Writing, key: str, step: Document, unread: Mapping[str, str] | None = None
) -> Writing:
    """The step as it is now written; its key stays. Raises NotFound."""
    parts = _parts(writing)
    at, part = _found(parts, key)
    parts[at] = Part(step | {"key": key}, part.unread if unread is None else unread)
    return _joined(writing, parts)


def rename(writing: Writing, key: str, new: str) -> Writing:
    """The step under another key, which everything that names it follows. Raises Invalid."""
    parts = _parts(writing)
    at, part = _found(parts, key)
    if new == key:
        return writing
    if not re.fullmatch(KEY_PATTERN, new):
        message = "A key has lower-case letters, digits, - and _, and ends with a letter or digit."
        raise Invalid.at("key", message)
    if new in _keys(parts):
        raise Invalid.at("key", f"There is already a step with the key {new!r}.")
    parts[at] = Part(part.step | {"key": new}, part.unread)
    joined, follower = _joined(writing, parts), Follower(key, new)
    return Writing(
        follower.document(joined.document),
        {path: follower.anywhere(text) for path, text in joined.unread.items()},
        [_followed(gone, follower) for gone in writing.removed],
    )


def unused_key(name: str, taken: Iterable[str]) -> str:
    """A key made from a name that nobody has yet."""
    base = (
        re.sub(r"[^a-z0-9_]+", "-", name.lower()).strip("-_")[:_LONGEST_KEY].strip("-_") or "step"
    )
    known, number, key = set(taken), 1, base
    while key in known:
        number += 1
        key = f"{base[: _LONGEST_KEY - 5].rstrip('-_')}-{number}"
    return key


def _parts(writing: Writing) -> list[Part]:
    texts: dict[int, dict[str, str]] = {}
    for path, text in writing.unread.items():
        root, _, rest = path.partition(".")
        at, _, inner = rest.partition(".")
        if root == "steps" and at.isdecimal():
            texts.setdefault(int(at), {})[inner] = text
    return [Part(step, texts.get(at, {})) for at, step in enumerate(steps_of(writing.document))]


def _joined(writing: Writing, parts: list[Part]) -> Writing:
    unread = {path: text for path, text in writing.unread.items() if not path.startswith("steps.")}
    for at, part in enumerate(parts):
        unread |= {f"steps.{at}.{inner}": text for inner, text in part.unread.items()}
    return replace(
        writing, document=writing.document | {"steps": [p.step for p in parts]}, unread=unread
    )


def _inserted(writing: Writing, parts: list[Part], at: int, part: Part) -> Writing:
    if len(parts) >= MAX_STEPS:
        raise Invalid.at("steps", f"A template has at most {MAX_STEPS} steps.")
    return _joined(writing, [*parts[:at], part, *parts[at:]])


def _found(parts: list[Part], key: str) -> tuple[int, Part]:
    for at, part in enumerate(parts):
        if part.key == key:
            return at, part
    raise NotFound("There is no such step.")


def _keys(parts: Iterable[Part]) -> set[str]:
    return {part.key for part in parts}


def _without(part: Part, key: str) -> Part:
    if key not in part.depends_on:
        return part
    left = [other for other in part.depends_on if other != key]
    return replace(part, step=part.step | {"dependsOn": left})


def _waiting(part: Part, key: str, at: int) -> Part:
    others = part.depends_on
    if key in others:
        return part
    return replace(part, step=part.step | {"dependsOn": [*others[:at], key, *others[at:]]})


def _followed(gone: Document, follower: Follower) -> Document:
    waiting = {
        (follower.new if key == follower.key else key): at for key, at in gone["dependents"].items()
    }
    unread = {path: follower.anywhere(text) for path, text in gone["unread"].items()}
    return gone | {"step": follower.step(gone["step"]), "unread": unread, "dependents": waiting}
