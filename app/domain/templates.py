"""Writing, checking and publishing templates."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app import clock
from app.domain import policy_checks, secret_uses, template_checks
from app.domain.addresses import NOTHING_ALLOWED, AllowList
from app.errors import Conflict, DraftIsStale, FieldError, Invalid, Malformed, NotFound
from app.models import (
    NotificationTemplate,
    WorkflowTemplate,
    WorkflowTemplateStep,
    WorkflowTemplateVersion,
)
from app.schemas.actions import ACTION_TYPES
from app.schemas.base import field_errors, gather, loads
from app.schemas.template import Template, TemplateStep

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
    require_revision(row, revision)
    if template.key != row.key:
        raise Invalid.at("key", f"The key of a template stays as it is: {row.key}.")
    row.draft = checked_document(template, allow)
    row.editing = None  # it replaces what was being written, too
    row.name = template.name
    row.description = template.description
    row.draft_revision += 1
    row.updated_at, row.updated_by = clock.now(), actor
    return row


def require_revision(row: WorkflowTemplate, revision: int | None) -> None:
    """Raises DraftIsStale unless the draft is still the one that was read (None: whichever)."""
    if revision is not None and revision != row.draft_revision:
        raise DraftIsStale(draftRevision=row.draft_revision, updatedBy=row.updated_by)


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
    template, document = _publishable(session, row, allow)
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


def _publishable(
    session: Session, row: WorkflowTemplate, allow: AllowList
) -> tuple[Template, dict[str, Any]]:
    require_whole(row, allow)
    template = Template.read(row.draft)
    document = checked_document(template, allow)
    gather(
        lambda: template_checks.check_can_run(template),
        lambda: _check_notification_templates(session, template),
        lambda: template_checks.raise_if(secret_uses.missing(session, document)),
    )
    return template, document


def check_publishable(
    session: Session, template_id: int, allow: AllowList = NOTHING_ALLOWED
) -> list[FieldError]:
    """What keeps the draft from being published."""
    try:
        _publishable(session, find(session, template_id), allow)
    except Invalid as invalid:
        return invalid.errors
    return []


def require_whole(row: WorkflowTemplate, allow: AllowList = NOTHING_ALLOWED) -> None:
    """Raises Invalid with the faults of what is being written, if it has any."""
    if row.editing is not None:
        raise Invalid(faults_of(row.editing["document"], row.editing["unread"], allow), HALF_DONE)


def _check_notification_templates(session: Session, template: Template) -> None:
    named = policy_checks.named_templates(template)
    there = (
        NotificationTemplate.newest_version.is_not(None),
        NotificationTemplate.archived_at.is_(None),
    )
    query = select(NotificationTemplate.key).where(NotificationTemplate.key.in_(named.values()))
    known = set(session.scalars(query.where(*there)))
    template_checks.raise_if(
        FieldError(path, f"There is no published notification template {key!r}.")
        for path, key in named.items()
        if key not in known
    )


def archive(session: Session, template_id: int, actor: str) -> None:
    """Nobody can start it any more; what runs goes on. Again is no fault."""
    row = find(session, template_id, lock=True)
    row.archived_at = row.archived_at or clock.now()
    row.updated_by = actor


def unarchive(session: Session, template_id: int, actor: str) -> None:
    """It can be started again. Again is no fault."""
    row = find(session, template_id, lock=True)
    row.archived_at = None
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
    configs: dict[int, dict[str, Any]] = {}

    def check_config(at: int, step: TemplateStep) -> None:
        configs[at] = _checked_config(step, f"steps.{at}.actionConfig", allow)

    gather(
        lambda: template_checks.check_shape(template),
        *(
            lambda at=at, step=step: check_config(at, step)
            for at, step in enumerate(template.steps)
        ),
    )
    document = template.document()
    for at, step in enumerate(document["steps"]):
        step["actionConfig"] = configs[at]
    return document


def faults_of(
    document: Mapping[str, Any], unread: Mapping[str, str], allow: AllowList = NOTHING_ALLOWED
) -> list[FieldError]:
    """What keeps a document that is being written from being a draft. `unread`: texts in it that
    can't be read, by dotted path."""
    found = [FieldError(path, _why_unread(text)) for path, text in unread.items()]
    try:
        checked_document(Template.read(document), allow)
    except Invalid as invalid:
        found += invalid.errors
    return found


def _why_unread(text: str) -> str:
    try:
        loads(text)
    except Malformed as fault:
        return fault.message.replace("The body", "This", 1)
    return "This can't be read as what it should be."


def _checked_config(step: TemplateStep, at: str, allow: AllowList) -> dict[str, Any]:
    try:
        config = ACTION_TYPES[step.action_type].config.model_validate(step.action_config)
    except ValidationError as error:
        raise Invalid(field_errors(error, at)) from None
    template_checks.check_config(config, at, allow)
    return config.document()


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
