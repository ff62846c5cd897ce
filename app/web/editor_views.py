"""The template editor as its page shows it: steps, their graph, and what is open in the panel."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any

from flask import current_app, request, url_for
from sqlalchemy.orm import Session
from werkzeug.exceptions import HTTPException

from app.domain import draft_changes as changes
from app.domain.addresses import AllowList
from app.domain.drafts import Draft
from app.domain.findings import Finding
from app.schemas.actions import ACTION_TYPES, PEOPLE_TYPES
from app.web import editor_findings, editor_previews, words
from app.web.access import Visitor
from app.web.editor_around import around
from app.web.editor_differences import Overtaken
from app.web.editor_findings import Line
from app.web.editor_panels import PARTS, Open, Reading, forms
from app.web.editor_previews import Shown
from app.web.graph import Graph, Step, layout, without_circles
from app.web.panel import Tab
from app.web.panel.placeholders import listed


@dataclass(frozen=True, slots=True)
class Row:
    """A step in the list and in the graph."""

    key: str
    name: str
    action_type: str
    depends_on: list[str]
    errors: int
    warnings: int
    state: None = None
    action_state: None = None


@dataclass(frozen=True, slots=True)
class Kind:
    """An action type that can be added, or not by this visitor."""

    name: str
    label: str
    about: str
    locked: bool


@dataclass(frozen=True, slots=True)
class Editor:
    id: int
    key: str
    name: str
    revision: int
    updated_at: datetime
    updated_by: str
    newest_version: int | None
    rows: Sequence[Row]
    graph: Graph
    left_out: Sequence[tuple[str, str]]
    findings: Sequence[Line]
    removed: Sequence[str]
    kinds: Sequence[Kind]
    links: Sequence[tuple[str, str, bool]]
    open: Open
    title: str
    tabs: Sequence[Tab]
    tab: str
    step: Row | None
    locked: str
    known_paths: str
    shown: Shown | None  # what the step would send
    refusal: str = ""
    overtaken: Overtaken | None = None
    parts: Sequence[tuple[str, str]] = field(
        default_factory=lambda: [(name, label) for name, (label, _) in PARTS.items()]
    )

    @property
    def asking(self) -> int:
        """How many findings ask for something."""
        return sum(finding.severity != "hint" for finding in self.findings)

    def url(self, open_: Open, tab: str | None = None) -> str:
        """The page with something else open."""
        return edit_url(self.id, open_, tab)

    @property
    def row_url(self) -> str:
        """The page with another step open, its key where KEY stands; the tab stays."""
        return self.url(Open.step("KEY"), self.tab if self.step else None)

    @property
    def row_move(self) -> str:
        """Where a step is moved, likewise."""
        return url_for("template_editor.show", template_id=self.id) + "/steps/KEY/move"

    @property
    def may_copy(self) -> bool:
        """Whether the visitor may add another step like the open one: its kind says so."""
        kind = self.step and self.step.action_type
        return not self.locked or any(one.name == kind and not one.locked for one in self.kinds)

    @property
    def errors(self) -> int:
        """How many findings keep it from being published."""
        return sum(finding.severity == "error" for finding in self.findings)


def view(
    session: Session,
    draft: Draft,
    open_: Open,
    who: Visitor,
    *,
    tab: str = "",
    reading: Reading | None = None,
    refusal: str = "",
    overtaken: Overtaken | None = None,
) -> Editor:
    """All that the page shows. `reading`: what was just typed, where not all of it was saved.
    Raises NotFound if what is open is not there."""
    found = [*editor_findings.of_draft(session, draft, allow())]
    rows = _rows(draft, found)
    surroundings = around(session, draft, open_, who)
    shown = found + [
        Finding("error", fault.path, fault.message, "key")
        for fault in (reading.faults if reading else ())
    ]
    refused = reading.refused_key if reading else None
    tabs = forms(draft.document, open_, shown, draft.unread, surroundings, refused)
    graph, left_out = _drawn(tuple((row.key, "", tuple(row.depends_on)) for row in rows))
    step = next((row for row in rows if open_ == Open.step(row.key)), None)
    return Editor(
        id=draft.id,
        key=draft.key,
        name=draft.name,
        revision=draft.revision,
        updated_at=draft.updated_at,
        updated_by=words.actor(draft.updated_by),
        newest_version=draft.newest_version,
        rows=rows,
        graph=graph.named(row.name for row in rows),
        left_out=left_out,
        findings=editor_findings.lines(draft.document, found),
        removed=[_name(gone["step"]) for gone in draft.removed],
        kinds=_kinds(who),
        links=_links(draft),
        open=open_,
        title=step.name if step else PARTS[open_.part][0],
        tabs=tabs,
        tab=tab if tab in {each.name for each in tabs} else tabs[0].name,
        step=step,
        locked=surroundings.locked,
        known_paths=listed(surroundings.paths),
        shown=editor_previews.of_step(session, draft, open_.key) if step else None,
        refusal=refusal,
        overtaken=overtaken,
    )


def edit_url(template_id: int, open_: Open | None = None, tab: str | None = None) -> str:
    """The editor with this open."""
    query: dict[str, Any] = {**open_.query} if open_ else {}
    return url_for("template_editor.show", template_id=template_id, **query, tab=tab)


@lru_cache(maxsize=64)
def _drawn(steps: tuple[Step, ...]) -> tuple[Graph, list[tuple[str, str]]]:
    """Remembered: most of what is typed changes nothing in the graph."""
    drawn, left_out = without_circles(steps)
    return layout(drawn), left_out


def first_open(draft: Draft) -> Open:
    """What is open when nothing is asked for."""
    steps = changes.steps_of(draft.document)
    return Open.step(changes.key_of(steps[0])) if steps else Open("template")


def allow() -> AllowList:
    return AllowList.parse(current_app.config["SETTINGS"].outbound_allow)


def _rows(draft: Draft, found: Iterable[Finding]) -> list[Row]:
    steps = changes.steps_of(draft.document)
    counts: Counter[tuple[int, str]] = Counter()
    for finding in found:
        if inside := editor_findings.at_step(finding.path):
            counts[inside[0], finding.severity] += 1
    return [
        Row(
            key=changes.key_of(step),
            name=_name(step),
            action_type=str(step.get("actionType")),
            depends_on=changes.depends_on(step),
            errors=counts[at, "error"],
            warnings=counts[at, "warning"],
        )
        for at, step in enumerate(steps)
    ]


def _name(step: dict[str, Any]) -> str:
    return str(step.get("name") or changes.key_of(step))


def _kinds(who: Visitor) -> list[Kind]:
    may = who.actor.may_add_automation
    return [
        Kind(name, kind.label, _about(kind.config), not may and name not in PEOPLE_TYPES)
        for name, kind in ACTION_TYPES.items()
    ]


def _about(config: type) -> str:
    return (config.__doc__ or "").split(";")[0].split(",")[0].rstrip(".")


def _links(draft: Draft) -> list[tuple[str, str, bool]]:
    """What else is done with a draft: label, URL, whether it is what one comes for. Only what
    there is."""
    base = f"/templates/{draft.id}"
    compare = f"Compare with v{draft.newest_version}" if draft.newest_version else ""
    wanted = [
        ("Dry run", f"{base}/dry-run", False),
        (compare, f"{base}/compare", False),
        ("Publish …", f"{base}/publish", True),
    ]
    return [link for link in wanted if link[0] and is_there(link[1])]


def is_there(path: str) -> bool:
    """Whether a page answers at this address."""
    try:
        current_app.create_url_adapter(request).match(path, "GET")  # type: ignore[union-attr]
    except HTTPException:
        return False
    return True
