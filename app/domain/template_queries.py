"""Reading templates and their versions: the same view for pages and JSON."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from app.domain import templates
from app.models import WorkflowTemplate, WorkflowTemplateStep, WorkflowTemplateVersion
from app.schemas.base import zulu
from app.schemas.template import TemplateSummary, VersionInstances


def list_templates(
    session: Session,
    *,
    text: str | None = None,
    archived: bool = False,
    before: int | None = None,
    limit: int = 50,
) -> tuple[list[TemplateSummary], int | None]:
    """Templates, newest first, and the id to go on before (None: that was all). `text` is looked
    for in keys and names."""
    row = WorkflowTemplate
    query = select(row).order_by(row.id.desc()).limit(limit + 1)
    query = query.where(row.archived_at.is_not(None) if archived else row.archived_at.is_(None))
    if text:
        query = query.where(
            row.key.icontains(text, autoescape=True) | row.name.icontains(text, autoescape=True)
        )
    if before is not None:
        query = query.where(row.id < before)
    rows = session.scalars(query).all()
    page = [TemplateSummary(**_standing(row), key=row.key, name=row.name) for row in rows[:limit]]
    return page, page[-1].id if len(rows) > limit else None


def template_document(row: WorkflowTemplate) -> dict[str, Any]:
    """A template as TemplateOut writes it. The draft is not checked again: it was when it was
    saved, and what was saved under older rules must stay readable."""
    return row.draft | {
        "id": row.id,
        "draftRevision": row.draft_revision,
        "newestVersion": row.newest_version,
        "archived": row.archived_at is not None,
        "updatedAt": zulu(row.updated_at),
        "updatedBy": row.updated_by,
        "beingWritten": row.editing is not None,
    }


def list_versions(
    session: Session,
    template_id: int,
    *,
    before: int | None = None,
    limit: int = 50,
    going: Mapping[int, VersionInstances] = MappingProxyType({}),
) -> tuple[list[dict[str, Any]], int | None]:
    """Published versions as VersionOut writes them, newest first, and the number to go on before.
    `going`: what runs on them, by number. Raises NotFound."""
    templates.find(session, template_id)
    row = WorkflowTemplateVersion
    query = select(row).where(row.template_id == template_id).options(selectinload(row.steps))
    if before is not None:
        query = query.where(row.number < before)
    rows = session.scalars(query.order_by(row.number.desc()).limit(limit + 1)).all()
    page = [version_document(row, going.get(row.number)) for row in rows[:limit]]
    return page, page[-1]["number"] if len(rows) > limit else None


def version_document(
    row: WorkflowTemplateVersion, going: VersionInstances | None = None
) -> dict[str, Any]:
    """A version as VersionOut writes it. `going`: what runs on it (None: nothing)."""
    return {
        "number": row.number,
        "name": row.name,
        "description": row.description,
        "note": row.note,
        "publishedAt": zulu(row.published_at),
        "publishedBy": row.published_by,
        "steps": [step_document(step) for step in row.steps],
        "inputSchema": row.input_schema,
        "notificationPolicies": row.notification_policies or [],
        "dueIn": row.due_in,
        "dueAt": row.due_at,
        "instances": (going or VersionInstances()).document(),
    }


def _standing(row: WorkflowTemplate) -> dict[str, Any]:
    return {
        "id": row.id,
        "description": row.description,
        "draft_revision": row.draft_revision,
        "newest_version": row.newest_version,
        "archived": row.archived_at is not None,
        "updated_at": row.updated_at,
        "updated_by": row.updated_by,
    }


def step_document(step: WorkflowTemplateStep) -> dict[str, Any]:
    """A step of a version as TemplateStep writes it."""
    return {
        "key": step.key,
        "name": step.name,
        "description": step.description,
        "actionType": step.action_type,
        "dependsOn": step.depends_on,
        "when": step.when,
        "actionConfig": step.action_config,
        "notificationPolicies": step.notification_policies,
        "assignee": step.assignee,
        "dueIn": step.due_in,
        "dueAt": step.due_at,
    }
