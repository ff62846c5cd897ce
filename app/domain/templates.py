"""Writing, checking and publishing templates."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app import clock
from app.domain import findings
from app.domain.addresses import NOTHING_ALLOWED, AllowList
from app.errors import Conflict, DraftIsStale, Invalid, NotFound
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
    if revision is not None and revision != row.draft_revision:
        raise DraftIsStale(draftRevision=row.draft_revision, updatedBy=row.updated_by)
    if template.key != row.key:
        raise Invalid.at("key", f"The key of a template stays as it is: {row.key}.")
    row.draft = checked_document(template, allow)
    row.editing = None  # it replaces what was being written, too
    row.name = template.name
    row.description = template.description
    row.draft_revision += 1
    row.updated_at, row.updated_by = clock.now(), actor
    return row


def publish(
    session: Session,
    template_id: int,
    actor: str,
    note: str = "",
    *,
    allow: AllowList = NOTHING_ALLOWED,
) -> WorkflowTemplateVersion:
    """Freeze the draft into the next version. Raises Invalid with what keeps it from running."""
    row = find(session, template_id, lock=True)
    if row.editing is not None:
        editing = row.editing
        findings.require_publishable(session, editing["document"], allow, editing["unread"])
        raise Invalid([], HALF_DONE)
    template = Template.read(row.draft)
    document = checked_document(template, allow)
    findings.require_publishable(session, document, allow)
    version = WorkflowTemplateVersion(
        template_id=row.id,
        number=(row.newest_version or 0) + 1,
        name=template.name,
        description=template.description,
        input_schema=template.input_schema,
        notification_policies=document["notificationPolicies"],
        due_in=template.due_in,
        due_at=template.due_at,
        note=note,
        published_at=clock.now(),
        published_by=actor,
    )
    version.steps = [_step_row(step, at) for at, step in enumerate(document["steps"])]
    session.add(version)
    row.newest_version = version.number
    session.flush()
    return version


def archive(session: Session, template_id: int, actor: str) -> None:
    """Nobody can start it any more; what runs goes on. Again is no fault."""
    row = find(session, template_id, lock=True)
    row.archived_at = row.archived_at or clock.now()
    row.updated_by = actor


def find(session: Session, template_id: int, *, lock: bool = False) -> WorkflowTemplate:
    """A template by id. Raises NotFound."""
    query = select(WorkflowTemplate).where(WorkflowTemplate.id == template_id)
    row = session.scalar(query.with_for_update() if lock else query)
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
