"""What authors are writing: read, and saved with whatever faults it still has.

`WorkflowTemplate.draft` always passed the checks. What does not yet stands in `editing`, with the
texts that can't be read beside it; as soon as it passes it becomes the draft.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from app import clock
from app.domain import audit, permissions, templates
from app.domain.addresses import NOTHING_ALLOWED, AllowList
from app.domain.draft_changes import Writing
from app.domain.people import Actor
from app.errors import DraftIsStale, Invalid
from app.models import WorkflowTemplate
from app.schemas.base import check_text
from app.schemas.template import Template

SITTING = timedelta(minutes=15)  # for so long after a change, the next is part of the same work
MAX_LINE = 200  # of a name, as the schema has it


@dataclass(frozen=True, slots=True)
class Draft:
    """A template as it is being written. `unread`: texts that can't be read yet, by dotted path;
    `removed`: steps that can be put back, the last one first."""

    id: int
    key: str
    name: str
    revision: int
    document: dict[str, Any]
    unread: dict[str, str]
    removed: list[dict[str, Any]]
    updated_by: str
    updated_at: datetime
    newest_version: int | None

    @property
    def writing(self) -> Writing:
        """What changes are made of."""
        return Writing(self.document, self.unread, self.removed)


def read(session: Session, template_id: int, *, lock: bool = False) -> Draft:
    """The draft of a template. Raises NotFound."""
    return _draft(templates.find(session, template_id, lock=lock))


def save(
    session: Session,
    template_id: int,
    revision: int,
    actor: Actor,
    document: Mapping[str, Any],
    unread: Mapping[str, str],
    allow: AllowList = NOTHING_ALLOWED,
    org_domains: str = "",
    removed: Sequence[Mapping[str, Any]] | None = None,
) -> Draft:
    """Save what was written, faults and all, and what was removed (None: as it was). Raises
    DraftIsStale unless `revision` is the present one, Forbidden where the actor may not change
    what changed, Malformed at texts that no database takes."""
    row = templates.find(session, template_id, lock=True)
    before = _draft(row)
    if revision != row.draft_revision:
        raise DraftIsStale(draftRevision=row.draft_revision, updatedBy=row.updated_by)
    _check_texts([document, unread, removed or []])
    if document.get("key") != row.key:
        raise Invalid.at("key", f"The key of a template stays as it is: {row.key}.")
    permissions.require_automation(
        actor,
        document,
        before.document,
        org_domains,
        unread=unread,
        unread_before=before.unread,
    )
    _note(session, row, actor, before)
    _write(row, document, unread, allow)
    if removed is not None:
        row.removed_steps = [*removed] or None
    row.draft_revision += 1
    row.updated_at, row.updated_by = clock.now(), actor.name
    return _draft(row)


def _note(session: Session, row: WorkflowTemplate, actor: Actor, before: Draft) -> None:
    """One entry of the audit for each sitting: what is being typed is saved every other second."""
    again = before.updated_by == actor.name and clock.now() - before.updated_at < SITTING
    if before.revision == 1 or not again:
        facts = {"revision": before.revision}
        audit.record(session, actor.name, "template.edited", "template", row.key, before=facts)


def _check_texts(what: Any) -> None:
    """Raise Malformed at what no database takes. Written out, most documents are seen at once to
    hold nothing of it; only then each text is looked at."""
    written = json.dumps(what, ensure_ascii=False)
    if "\\u0000" in written or not _is_utf8(written):
        check_text(what)


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _write(
    row: WorkflowTemplate,
    document: Mapping[str, Any],
    unread: Mapping[str, str],
    allow: AllowList,
) -> None:
    """Into the draft if it passes, else beside it."""
    try:
        if unread:
            raise Invalid([])
        template = Template.read(document)
        row.draft = templates.checked_document(template, allow)
    except Invalid:
        row.editing = {"document": {**document}, "unread": {**unread}}
        return
    row.editing = None
    row.name, row.description = template.name, template.description


def _draft(row: WorkflowTemplate) -> Draft:
    editing: dict[str, Any] = row.editing or {"document": row.draft, "unread": {}}
    return Draft(
        id=row.id,
        key=row.key,
        name=_name(editing["document"]) or row.name,
        revision=row.draft_revision,
        document=editing["document"],
        unread=editing["unread"],
        removed=row.removed_steps or [],
        updated_by=row.updated_by,
        updated_at=row.updated_at,
        newest_version=row.newest_version,
    )


def _name(document: Mapping[str, Any]) -> str:
    name = document.get("name")
    return name[:MAX_LINE] if isinstance(name, str) else ""
