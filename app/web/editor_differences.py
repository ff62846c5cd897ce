"""Two versions of what is open in the editor, when somebody else saved while one wrote."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from werkzeug.datastructures import MultiDict

from app.domain import draft_changes as changes
from app.domain.draft_changes import Writing
from app.domain.drafts import Draft
from app.errors import NotFound
from app.extensions import compact_json
from app.web import words
from app.web.editor_panels import PARTS, Open, read_form

_OURS = frozenset({"csrf_token", "revision", "mine", "panel", "tab", "do"})


@dataclass(frozen=True, slots=True)
class Difference:
    """A place at which the two say different things."""

    path: str
    mine: str
    theirs: str


@dataclass(frozen=True, slots=True)
class Overtaken:
    """Somebody else saved since the page was made. `revision`: what they made; `gone`: the step
    that was open is not there any more, and all that was typed stands in `differences`."""

    by: str
    at: datetime
    revision: int
    differences: Sequence[Difference]
    gone: bool = False


def overtaken(draft: Draft, form: MultiDict[str, str], panel: Open | None) -> Overtaken:
    """What the form says of what is open, beside what the draft says now."""
    by = words.actor(draft.updated_by)
    try:
        reading = read_form(draft.writing, form, panel)
    except NotFound:
        typed = [
            Difference(name, text, "")
            for name, text in form.items()
            if text and name not in _OURS and not name.endswith("~")
        ]
        return Overtaken(by, draft.updated_at, draft.revision, typed, gone=True)
    mine, theirs = _texts(reading.writing, reading.open), _texts(draft.writing, panel)
    if reading.refused_key is not None:
        mine["key"] = reading.refused_key
    found = [
        Difference(path, mine.get(path, ""), theirs.get(path, ""))
        for path in dict.fromkeys([*mine, *theirs])
        if mine.get(path) != theirs.get(path)
    ]
    return Overtaken(by, draft.updated_at, draft.revision, found)


def _texts(writing: Writing, open_: Open | None) -> dict[str, str]:
    """All that is said there, by path."""
    if open_ is None:
        return {}
    if open_.part == "step":
        part = changes.part_of(writing, open_.key)
        return dict(_leaves(part.step)) | dict(part.unread)
    names = PARTS[open_.part][1]
    unread = {path: text for path, text in writing.unread.items() if path.split(".")[0] in names}
    return dict(_leaves({name: writing.document.get(name) for name in names})) | unread


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Each text, number and flag with its path; what is empty says nothing."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _leaves(inner, f"{path}.{name}" if path else str(name))
    elif isinstance(value, list):
        for at, inner in enumerate(value):
            yield from _leaves(inner, f"{path}.{at}")
    elif value not in (None, ""):
        yield path, value if isinstance(value, str) else compact_json(value)
