"""Templates in lists: how many steps each has, and how its instances stand."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.domain import template_queries
from app.models import (
    WorkflowInstance,
    WorkflowTemplate,
    WorkflowTemplateStep,
    WorkflowTemplateVersion,
)
from app.models.vocabulary import InstanceState

MOST = 200
_OPEN = (InstanceState.RUNNING, InstanceState.ATTENTION, InstanceState.PAUSED)


@dataclass(frozen=True, slots=True)
class TemplateRow:
    id: int
    key: str
    name: str
    description: str
    version: int | None
    steps_total: int
    instances_open: int
    instances_attention: int
    updated_at: datetime


def rows(session: Session, text: str | None = None, *, archived: bool = False) -> list[TemplateRow]:
    """All templates that are not archived, or those that are, by name. `text`: only those with it
    in key or name."""
    found, _ = template_queries.list_templates(session, text=text, archived=archived, limit=MOST)
    ids = [template.id for template in found]
    steps, going = _steps(session, ids), _instances(session, ids, _OPEN)
    attention = _instances(session, ids, [InstanceState.ATTENTION])
    lines = [
        TemplateRow(
            template.id,
            template.key,
            template.name,
            template.description,
            template.newest_version,
            steps.get(template.id, 0),
            going.get(template.id, 0),
            attention.get(template.id, 0),
            template.updated_at,
        )
        for template in found
    ]
    return sorted(lines, key=lambda line: line.name.lower())


def _steps(session: Session, ids: Sequence[int]) -> dict[int, int]:
    """How many steps the newest version of each has; of a draft that never was one, its own."""
    template, version, step = WorkflowTemplate, WorkflowTemplateVersion, WorkflowTemplateStep
    published = (
        select(template.id, func.count(step.id).label("number"))
        .join(version, version.template_id == template.id)
        .join(step, step.version_id == version.id)
        .where(template.id.in_(ids), version.number == template.newest_version)
        .group_by(template.id)
    )
    drafts = select(template.id, template.draft).where(
        template.id.in_(ids), template.newest_version.is_(None)
    )
    in_drafts = {id: len(draft["steps"]) for id, draft in session.execute(drafts)}
    return in_drafts | {row.id: row.number for row in session.execute(published)}


def _instances(session: Session, ids: Sequence[int], states: Sequence[str]) -> dict[int, int]:
    instance = WorkflowInstance
    query = (
        select(instance.template_id, func.count().label("number"))
        .where(instance.template_id.in_(ids), instance.state.in_(states))
        .group_by(instance.template_id)
    )
    return {row.template_id: row.number for row in session.execute(query)}
