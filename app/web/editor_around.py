"""What the editor's panel offers to pick from, and what keeps a visitor from changing a step."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain import draft_changes as changes
from app.domain import known_paths, notification_template_queries
from app.domain.automation_parts import fixed_parts, is_automation
from app.domain.drafts import Draft
from app.models import Secret
from app.web import policy_views
from app.web.access import Visitor
from app.web.editor_panels import Open
from app.web.editor_people import people, recipients_note
from app.web.panel import Around

MOST = 500
LOCKED = (
    "Only an author who may add automation can change what this step does, when, after which steps "
    "and for whom. An admin can give that permission."
)
WAITED_FOR = (
    "Automation waits for this step. Only an author who may add automation can take it away, "
    "change when and after which steps it is done, or what an approval asks and whom. An admin can "
    "give that permission."
)


def around(session: Session, draft: Draft, open_: Open, who: Visitor) -> Around:
    """For the part that is open."""
    step = _step(draft, open_)
    fixed = () if who.actor.may_add_automation or not step else fixed_parts(draft.document, step)
    templates, _ = notification_template_queries.list_templates(session, limit=MOST)
    reading = known_paths.Reading(draft.document)
    return Around(
        secrets=session.scalars(select(Secret.name).order_by(Secret.name)).all(),
        steps=[
            (changes.key_of(each), str(each.get("name") or changes.key_of(each)))
            for each in changes.steps_of(draft.document)
            if each is not step
        ],
        notification_templates=[(each.key, each.name) for each in templates],
        paths=reading.by(open_.key or None),
        conditions=reading.by(open_.key or None, in_condition=True),
        people=people(session),
        said=policy_views.all_said(session),
        recipients_note=recipients_note(who),
        fixed=fixed,
        locked="" if not fixed else LOCKED if is_automation(step) else WAITED_FOR,
    )


def _step(draft: Draft, open_: Open) -> dict[str, Any] | None:
    if open_.part != "step":
        return None
    steps = changes.steps_of(draft.document)
    return next((each for each in steps if changes.key_of(each) == open_.key), None)
