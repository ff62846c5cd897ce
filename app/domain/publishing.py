"""From draft to live: what would be published, what stands against it, and what it changes for
what runs and for what the clock starts."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain import drafts, findings, template_versions, templates
from app.domain.addresses import NOTHING_ALLOWED, AllowList
from app.domain.drafts import Draft
from app.domain.findings import Finding
from app.errors import Invalid
from app.models import Schedule, WorkflowTemplateVersion

NOTHING: dict[str, Any] = {"steps": []}  # what the first version is compared with


@dataclass(frozen=True, slots=True)
class Review:
    """A draft before it is published. `before`: the newest version, NOTHING if there is none;
    `going`: how many instances go on, on any version; `schedules`: those that start the newest
    version at their time, by id; `paused`: which of them rest."""

    draft: Draft
    before: dict[str, Any]
    after: dict[str, Any]
    findings: list[Finding]
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
        findings=findings_of(session, draft, allow),
        going=_going(session, template_id),
        schedules={schedule.id: schedule.name for schedule in schedules},
        paused={schedule.id for schedule in schedules if schedule.paused_at is not None},
    )


def findings_of(session: Session, draft: Draft, allow: AllowList) -> list[Finding]:
    """What is found of what is being written."""
    around = findings.surroundings(session, draft.document, allow)
    return findings.of_document(draft.document, draft.unread, around)


def publish(
    session: Session,
    template_id: int,
    revision: int,
    actor: str,
    note: str = "",
    *,
    anyway: bool = False,
    allow: AllowList = NOTHING_ALLOWED,
) -> WorkflowTemplateVersion:
    """Publish the draft of this revision; `anyway`: although there are warnings. Checked in the
    same transaction. Raises DraftIsStale, or Invalid, at `anyway` for warnings."""
    row = templates.find(session, template_id, lock=True)
    templates.require_revision(row, revision)
    found = findings_of(session, drafts.read(session, template_id), allow)
    if not anyway and {one.severity for one in found} >= {"warning"}:
        raise Invalid.at("anyway", "There are warnings: read them, and tick this if it is right.")
    return templates.publish(session, template_id, actor, note, revision, allow=allow)


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
