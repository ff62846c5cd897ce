"""Writing, checking and publishing templates."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app import clock
from app.domain import audit, findings
from app.domain.addresses import NOTHING_ALLOWED, AllowList
from app.domain.half_done import steps_of
from app.errors import Conflict, DraftIsBeingWritten, DraftIsStale, Invalid, NotFound
from app.models import WorkflowTemplate, WorkflowTemplateStep, WorkflowTemplateVersion
from app.schemas.actions import ACTION_TYPES
from app.schemas.template import Template

HALF_DONE = "What is being written has faults: mend them in the editor, then publish."


def create(
    session: Session, template: Template, actor: str, *, allow: AllowList = NOTHING_ALLOWED
) -> WorkflowTemplate:
    """A new template with this draft. Raises Invalid, or Conflict if the key is taken. `allow`:
    destinations that the settings permit."""
    document = checked_document(template, allow)
    now = clock.now()
    row = WorkflowTemplate(
        key=template.key,
        name=template.name,
        description=template.description,
        draft=document,
        draft_revision=1,
        created_at=now,
        updated_at=now,
        updated_by=actor,
    )
    _insert_unless_taken(session, row)
    _note(session, actor, "created", row, after=outline(document))
    return row


def replace_draft(
    session: Session,
    template_id: int,
    template: Template,
    actor: str,
    revision: int | None = None,
    *,
    allow: AllowList = NOTHING_ALLOWED,
) -> WorkflowTemplate:
    """Replace the draft. Raises Invalid, NotFound, or DraftIsStale when `revision` is given and
    is not the present one."""
    row = find(session, template_id, lock=True)
    require_revision(row, revision)
    if template.key != row.key:
        raise Invalid.at("key", f"The key of a template stays as it is: {row.key}.")
    before, row.draft = outline(row.draft), checked_document(template, allow)
    row.editing = None  # it replaces what was being written, too
    row.name = template.name
    row.description = template.description
    row.draft_revision += 1
    row.updated_at, row.updated_by = clock.now(), actor
    _note(session, actor, "draft-saved", row, **audit.changes(before, outline(row.draft)))
    return row


def require_revision(row: WorkflowTemplate, revision: int | None) -> None:
    """Raises DraftIsStale unless the draft is still the one that was read (None: whichever)."""
    if revision is not None and revision != row.draft_revision:
        raise DraftIsStale(
            draftRevision=row.draft_revision, updatedBy=row.updated_by, updatedAt=row.updated_at
        )


def require_nothing_half_done(row: WorkflowTemplate) -> None:
    """Raises DraftIsBeingWritten while what somebody writes in the editor is no draft yet: nobody
    who reads the draft sees it, so nobody knows that they would replace it."""
    if row.editing is not None:
        raise DraftIsBeingWritten(
            draftRevision=row.draft_revision, updatedBy=row.updated_by, updatedAt=row.updated_at
        )


def publish(
    session: Session,
    template_id: int,
    actor: str,
    note: str = "",
    revision: int | None = None,
    *,
    allow: AllowList = NOTHING_ALLOWED,
) -> WorkflowTemplateVersion:
    """Freeze the draft into the next version. Raises Invalid with what keeps it from running, or
    DraftIsStale when `revision` is given and is not the present one."""
    row = find(session, template_id, lock=True)
    require_revision(row, revision)
    require_whole(session, row, allow)
    template = Template.read(row.draft)
    document = checked_document(template, allow)
    findings.require_publishable(session, document, allow)
    version = frozen(document)
    version.template_id, version.number = row.id, (row.newest_version or 0) + 1
    version.note, version.published_at, version.published_by = note, clock.now(), actor
    session.add(version)
    row.newest_version = version.number
    session.flush()
    _note(session, actor, "published", row, reason=note, after={"version": version.number})
    return version


def frozen(document: dict[str, Any]) -> WorkflowTemplateVersion:
    """A checked document as what instances run on; it belongs to no template and no session."""
    version = WorkflowTemplateVersion(
        name=document["name"],
        description=document["description"],
        input_schema=document["inputSchema"],
        notification_policies=document["notificationPolicies"],
        due_in=document["dueIn"],
        due_at=document["dueAt"],
    )
    version.steps = [_step_row(step, at) for at, step in enumerate(document["steps"])]
    return version


def require_whole(session: Session, row: WorkflowTemplate, allow: AllowList) -> None:
    """Raises Invalid with the faults of what is being written, if it can't be a draft yet."""
    if row.editing is None:
        return
    document, unread = row.editing["document"], row.editing["unread"]
    findings.require_publishable(session, document, allow, unread)
    raise Invalid([], HALF_DONE)  # rules have changed: saved again, it would be a draft


def archive(session: Session, template_id: int, actor: str) -> None:
    """Nobody can start it any more; what runs goes on. Again is no fault."""
    row = find(session, template_id, lock=True)
    if row.archived_at is None:
        row.archived_at = clock.now()
        _note(session, actor, "archived", row)
    row.updated_by = actor


def unarchive(session: Session, template_id: int, actor: str) -> None:
    """It can be started again. Again is no fault."""
    row = find(session, template_id, lock=True)
    if row.archived_at is not None:
        row.archived_at = None
        _note(session, actor, "unarchived", row)
    row.updated_by = actor


def outline(document: Mapping[str, Any]) -> dict[str, Any]:
    """What the audit says of a template's document: its name, its steps, and a mark that changes
    with anything else of it."""
    text = json.dumps(document, sort_keys=True, default=str)
    steps = [step.key for step in steps_of(document)]
    mark = hashlib.sha256(text.encode(errors="replace")).hexdigest()[:12]
    return {"name": document.get("name"), "steps": steps, "checksum": mark}


def _note(session: Session, actor: str, action: str, row: WorkflowTemplate, **more: Any) -> None:
    audit.record(session, actor, f"template.{action}", "template", row.key, **more)


def find(session: Session, template_id: int, *, lock: bool = False) -> WorkflowTemplate:
    """A template by id. Raises NotFound."""
    query = select(WorkflowTemplate).where(WorkflowTemplate.id == template_id)
    if lock:  # it may have been read before, and be another by now
        query = query.with_for_update().execution_options(populate_existing=True)
    row = session.scalar(query)
    if row is None:
        raise NotFound("There is no such template.")
    return row


def find_by_key(session: Session, key: str) -> WorkflowTemplate | None:
    """The template with this key, if there is one."""
    return session.scalar(select(WorkflowTemplate).where(WorkflowTemplate.key == key))


def checked_document(template: Template, allow: AllowList = NOTHING_ALLOWED) -> dict[str, Any]:
    """The template as it is stored: every step's config checked and completed with defaults.
    Raises Invalid with all faults of all steps."""
    document = template.document()
    if faults := findings.faults_of_draft(document, allow):
        raise Invalid(faults)
    for step in document["steps"]:
        config = ACTION_TYPES[step["actionType"]].config
        step["actionConfig"] = config.model_validate(step["actionConfig"]).document()
    return document


def _step_row(step: dict[str, Any], position: int) -> WorkflowTemplateStep:
    return WorkflowTemplateStep(
        position=position,
        key=step["key"],
        name=step["name"],
        description=step["description"],
        action_type=step["actionType"],
        action_config=step["actionConfig"],
        depends_on=step["dependsOn"],
        when=step["when"],
        notification_policies=step["notificationPolicies"],
        assignee=step["assignee"],
        due_in=step["dueIn"],
        due_at=step.get("dueAt"),  # a draft may be older than the field
    )


def _insert_unless_taken(session: Session, row: WorkflowTemplate) -> None:
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:
        raise Conflict(f"There is already a template with the key {row.key!r}.") from None
