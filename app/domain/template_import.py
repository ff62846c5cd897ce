"""Bringing a template in from outside: a new one, or a new draft of the one that has its key."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.domain import permissions, templates
from app.domain.addresses import NOTHING_ALLOWED, AllowList
from app.domain.people import Actor
from app.domain.value_diff import equal
from app.models import WorkflowTemplate
from app.schemas.template import Template


@dataclass(frozen=True, slots=True)
class Settings:
    """What an import must know of the settings: see `config.py`."""

    allow: AllowList = NOTHING_ALLOWED
    org_domains: str = ""


@dataclass(frozen=True, slots=True)
class Brought:
    """What came of it: `new`, `draft` (a new one of a template that was there), or `same`."""

    row: WorkflowTemplate
    came_to: str


def bring(
    session: Session,
    template: Template,
    actor: Actor,
    settings: Settings,
    revision: int | None = None,
) -> Brought:
    """Create the template, or replace the draft of the one with its key; what is there already
    stays untouched. Raises Invalid, Forbidden, or DraftIsStale when `revision` is given and is
    not the present one."""
    row = templates.find_by_key(session, template.key)
    if row is None:
        return Brought(add(session, template, actor, settings), "new")
    templates.require_revision(row, revision)
    document = templates.checked_document(template, settings.allow)
    if equal(row.draft, document) and row.editing is None:
        return Brought(row, "same")
    return Brought(put(session, row.id, template, actor, settings), "draft")


def add(session: Session, template: Template, actor: Actor, settings: Settings) -> WorkflowTemplate:
    """A new template, if the actor may add what is in it."""
    permissions.require_automation(actor, template, None, settings.org_domains)
    return templates.create(session, template, actor.name, allow=settings.allow)


def put(
    session: Session, template_id: int, template: Template, actor: Actor, settings: Settings
) -> WorkflowTemplate:
    """Replace a draft, if the actor may change what changes."""
    row = templates.find(session, template_id, lock=True)
    # Compared as it will be stored, so that a default written out or left out is no change.
    new = Template.model_validate(templates.checked_document(template, settings.allow))
    before = Template.model_validate(row.draft)
    permissions.require_automation(actor, new, before, settings.org_domains)
    if row.editing is not None:  # what others are writing would be gone too
        permissions.require_automation(
            actor,
            new.document(),
            row.editing["document"],
            settings.org_domains,
            unread_before=row.editing["unread"],
        )
    return templates.replace_draft(session, template_id, template, actor.name, allow=settings.allow)
