"""The published versions of a template in a list, with what runs on each."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import request
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain import drafts, template_versions, templates
from app.domain.diff_words import summary
from app.domain.drafts import Draft
from app.errors import NotFound
from app.models import WorkflowTemplateVersion
from app.schemas.template import VersionInstances
from app.web import words

ROWS = 50
MOST = 500  # versions to choose from


@dataclass(frozen=True, slots=True)
class VersionRow:
    """A line of the list. `started`: how many instances ever were."""

    number: int
    name: str
    note: str
    published_at: datetime
    published_by: str
    going: VersionInstances
    started: int


@dataclass(frozen=True, slots=True)
class DraftRow:
    """The draft above them. `differs`: from the newest version, in words; empty if it does not,
    or if there is none."""

    revision: int
    updated_at: datetime
    updated_by: str
    differs: str


def list_page(session: Session, template_id: int) -> dict[str, Any]:
    """What versions/index.html expects. Raises NotFound."""
    template = templates.find(session, template_id)
    rows = _rows(session, template_id, number_of(request.args.get("before")))
    more = rows[ROWS - 1].number if len(rows) > ROWS else None
    return {
        "template": template,
        "draft": draft_row(session, drafts.read(session, template_id)),
        "versions": rows[:ROWS],
        "next_before": more,
        "numbers": numbers(session, template_id),
    }


def number_of(text: str | None) -> int | None:
    """A number as it stands in a URL; None for all that is none."""
    text = text or ""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else None


def _rows(session: Session, template_id: int, before: int | None) -> list[VersionRow]:
    version = WorkflowTemplateVersion
    query = select(version).where(version.template_id == template_id)
    if before is not None:
        query = query.where(version.number < before)
    found = session.scalars(query.order_by(version.number.desc()).limit(ROWS + 1))
    going = template_versions.going(session, template_id)
    started = template_versions.started(session, template_id)
    return [
        VersionRow(
            row.number,
            row.name,
            row.note,
            row.published_at,
            words.actor(row.published_by),
            going.get(row.number, VersionInstances()),
            started.get(row.number, 0),
        )
        for row in found
    ]


def draft_row(session: Session, draft: Draft) -> DraftRow:
    """How the draft stands to the newest version."""
    differs = ""
    if draft.newest_version is not None:
        found = template_versions.difference(session, draft.id, draft.newest_version, None)
        differs = "" if found.empty else summary(found)
    return DraftRow(draft.revision, draft.updated_at, words.actor(draft.updated_by), differs)


def numbers(session: Session, template_id: int) -> list[int]:
    """The versions there are to choose from, newest first."""
    version = WorkflowTemplateVersion
    query = select(version.number).where(version.template_id == template_id)
    return list(session.scalars(query.order_by(version.number.desc()).limit(MOST)))


def asked(name: str, default: int | None) -> int | None:
    """The version that the URL names, None for the draft. Raises NotFound."""
    text = request.args.get(name, "")
    return None if text == "draft" else wanted(text) or default


def wanted(text: str | None) -> int | None:
    """The number of a version; None if there is no text. Raises NotFound for all that is none."""
    number = number_of(text)
    if text and not number:
        raise NotFound("There is no such version.")
    return number
