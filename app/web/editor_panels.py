"""What is open in the editor's panel: a step, a part of the template as a whole, its checks."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from werkzeug.datastructures import MultiDict

from app.domain import draft_changes as changes
from app.domain.draft_changes import Writing
from app.errors import FieldError, Invalid, NotFound
from app.schemas.template import Template
from app.web.panel import Around, Page, Tab, read_step, step_form
from app.web.panel.building import build
from app.web.panel.fields import ABSENT, root_of
from app.web.panel.reading import read
from app.web.panel.tabs import Fault, place
from app.web.panel.typed import Typed, arrange

PARTS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "template": ("Template", ("name", "description", "dueIn", "dueAt")),
    "input": ("Input", ("inputSchema",)),
    "policies": ("Notifications", ("notificationPolicies",)),
    "checks": ("Checks", ()),
}


@dataclass(frozen=True, slots=True)
class Open:
    """`part` is one of PARTS, or `step` with its key."""

    part: str
    key: str = ""

    @classmethod
    def step(cls, key: str) -> "Open":
        return cls("step", key)

    @classmethod
    def parse(cls, text: str) -> "Open | None":
        """As it stands in the form: `step:reserve`, `input`."""
        part, _, key = text.partition(":")
        if part == "step":
            return cls(part, key)
        return cls(part) if part in PARTS else None

    def __str__(self) -> str:
        return f"{self.part}:{self.key}" if self.part == "step" else self.part

    @property
    def query(self) -> dict[str, str]:
        """As it stands in the URL."""
        return {"step": self.key} if self.part == "step" else {"part": self.part}


@dataclass(frozen=True, slots=True)
class Reading:
    """What the panel's form came to. A key that is refused is not saved: `faults` say why, and
    `refused_key` is what was typed."""

    writing: Writing
    open: Open
    faults: tuple[FieldError, ...] = ()
    refused_key: str | None = None


def read_form(writing: Writing, form: MultiDict[str, str], open_: Open | None) -> Reading:
    """The writing with what was typed into the panel. Raises NotFound if its step is gone."""
    if open_ is None or open_.part == "checks":
        return Reading(writing, open_ or Open("checks"))
    if open_.part == "step":
        return _read_step(writing, form, open_.key)
    typed = Typed(form, writing.unread)
    document = arrange(typed, writing.document)
    fields = dict(root_of(Template).properties())
    taken = {name: read(fields[name], document.get(name, ABSENT), typed) for name in _names(open_)}
    document = {**document, **{name: each for name, each in taken.items() if each is not ABSENT}}
    kept = {path: text for path, text in writing.unread.items() if not _below(path, _names(open_))}
    return Reading(Writing(document, kept | typed.unread, writing.removed), open_)


def _read_step(writing: Writing, form: MultiDict[str, str], key: str) -> Reading:
    part = changes.part_of(writing, key)
    step, unread = read_step(form, part.step, unread=part.unread)
    typed = str(step.get("key", "")).strip()
    unread.pop("key", None)
    written = changes.with_step(writing, key, step, unread)
    try:
        return Reading(changes.rename(written, key, typed), Open.step(typed))
    except Invalid as refused:
        path = f"steps.{changes.place_of(written, key)}.key"
        faults = tuple(FieldError(path, fault.message) for fault in refused.errors)
        return Reading(written, Open.step(key), faults, typed)


def forms(
    document: Mapping[str, Any],
    open_: Open,
    faults: Iterable[Fault],
    unread: Mapping[str, str],
    around: Around,
    refused_key: str | None = None,
) -> list[Tab]:
    """The tabs of what is open. Raises NotFound if there is no such step."""
    if open_.part == "step":
        keys = [changes.key_of(step) for step in changes.steps_of(document)]
        if open_.key not in keys:
            raise NotFound("There is no such step.")
        at = keys.index(open_.key)
        step = changes.steps_of(document)[at]
        step = step if refused_key is None else step | {"key": refused_key}
        return step_form(step, at=f"steps.{at}", faults=faults, unread=unread, around=around)
    names = _names(open_)
    page = Page(unread=unread, around=around)
    fields = dict(root_of(Template).properties())
    nodes = [build(fields[name], document.get(name, ABSENT), page) for name in names]
    tab = Tab(name=open_.part, label=PARTS[open_.part][0], nodes=nodes)
    place([tab], [fault for fault in faults if _below(fault.path, names)], "")
    return [tab]


def _names(open_: Open) -> tuple[str, ...]:
    return PARTS[open_.part][1]


def _below(path: str, names: Iterable[str]) -> bool:
    return path.split(".")[0] in names
