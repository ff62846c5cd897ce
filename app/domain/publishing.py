"""From draft to live: what would be published, what stands against it, and what it changes for
what runs and for what the clock starts."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain import drafts, template_versions, templates
from app.domain.addresses import NOTHING_ALLOWED, AllowList
from app.domain.drafts import Draft
from app.errors import FieldError
from app.models import Schedule

NOTHING: dict[str, Any] = {"steps": []}  # what the first version is compared with


@dataclass(frozen=True, slots=True)
class Review:
    """A draft before it is published. `before`: the newest version, NOTHING if there is none;
    `going`: how many instances go on, on any version; `schedules`: those that start the newest
    version at their time, by id; `paused`: which of them rest."""

    draft: Draft
    before: dict[str, Any]
    after: dict[str, Any]
    errors: list[FieldError]
    going: int
    schedules: dict[int, str]
    paused: set[int]


def review(session: Session, template_id: int, allow: AllowList = NOTHING_ALLOWED) -> Review:
    """What an author sees before they publish. Raises NotFound."""
    draft = drafts.read(session, template_id)
    newest = draft.newest_version
    schedules = _schedules(session, template_id)
    return Review(
        draft=draft,
        before=NOTHING if newest is None else template_versions.document(session, draft.id, newest),
        after=template_versions.document(session, draft.id, None),
        errors=templates.check_publishable(session, template_id, allow),
        going=_going(session, template_id),
        schedules={schedule.id: schedule.name for schedule in schedules},
        paused={schedule.id for schedule in schedules if schedule.paused_at is not None},
    )


def _schedules(session: Session, template_id: int) -> list[Schedule]:
    query = select(Schedule).where(
        Schedule.template_id == template_id,
        Schedule.version.is_(None),
        Schedule.deleted_at.is_(None),
    )
    return list(session.scalars(query.order_by(Schedule.name)))


def _going(session: Session, template_id: int) -> int:
    found = template_versions.going(session, template_id).values()
    return sum(each.running + each.attention + each.paused for each in found)
