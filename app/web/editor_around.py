"""What the editor's panel offers to pick from, and what keeps a visitor from changing a step."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from app.domain import draft_changes as changes
from app.domain import known_paths
from app.domain.automation_parts import is_automation
from app.domain.drafts import Draft
from app.models import Group, NotificationTemplate, NotificationTemplateVersion, Secret, User
from app.web.access import Visitor
from app.web.editor_panels import Open
from app.web.panel import Around

MOST = 500
LOCKED = (
    "Only an author who may add automation can change what this step does, when, after which steps "
    "and for whom. An admin can give that permission."
)
OUTSIDE = "Only an author who may add automation may have people outside the organisation told."


def around(session: Session, draft: Draft, open_: Open, who: Visitor) -> Around:
    """For the part that is open."""
    step = _step(draft, open_)
    may = who.actor.may_add_automation
    templates = _notification_templates(session)
    return Around(
        secrets=session.scalars(select(Secret.name).order_by(Secret.name).limit(MOST)).all(),
        steps=[
            (changes.key_of(each), str(each.get("name") or changes.key_of(each)))
            for each in changes.steps_of(draft.document)
            if each is not step
        ],
        paths=known_paths.known(draft.document, open_.key or None),
        notification_templates=[(key, name) for key, name, _ in templates],
        people=_people(session),
        said={key: content for key, _, content in templates},
        recipients_note="" if may else OUTSIDE,
        locked=LOCKED if step is not None and is_automation(step) and not may else "",
    )


def _step(draft: Draft, open_: Open) -> dict[str, Any] | None:
    if open_.part != "step":
        return None
    steps = changes.steps_of(draft.document)
    return next((each for each in steps if changes.key_of(each) == open_.key), None)


def _notification_templates(session: Session) -> list[tuple[str, str, dict[str, Any]]]:
    """The published ones: key, name, and what they say by channel."""
    row, version = NotificationTemplate, NotificationTemplateVersion
    newest = and_(version.template_id == row.id, version.number == row.newest_version)
    query = select(row.key, row.name, version.content).join(version, newest)
    query = query.where(row.archived_at.is_(None)).order_by(row.name).limit(MOST)
    return [(key, name, content) for key, name, content in session.execute(query)]


def _people(session: Session) -> Sequence[tuple[str, str]]:
    groups = session.execute(select(Group.key, Group.name).order_by(Group.name).limit(MOST))
    users = select(User.id, User.name).where(User.active).order_by(User.name).limit(MOST)
    found = [(f"group:{key}", name) for key, name in groups]
    return found + [(f"user:{user_id}", name) for user_id, name in session.execute(users)]
