"""Writing, checking and publishing what notifications say."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app import clock
from app.domain import audit, notification_contents, notification_uses
from app.domain.ledger import SYSTEM
from app.domain.notification_contents import render
from app.domain.notification_context import Context
from app.domain.notification_defaults import OWN_KEYS, default_for
from app.errors import Conflict, DraftIsStale, FieldError, Invalid, NotFound
from app.models import NotificationTemplate, NotificationTemplateVersion
from app.schemas.notification_template import (
    NotificationContents,
    NotificationTemplateDraft,
    NotificationTemplateIn,
)

__all__ = ["archive", "create", "default_for", "find", "publish", "render", "replace_draft"]

AT = "content"  # where the content stands in what is sent, for the paths of faults


def create(session: Session, wish: NotificationTemplateIn, actor: str) -> NotificationTemplate:
    """A new template with this draft. Raises Invalid, or Conflict if the key is taken."""
    content = checked(wish.content)
    now = clock.now()
    row = NotificationTemplate(
        key=wish.key,
        name=wish.name,
        description=wish.description,
        draft=content,
        draft_revision=1,
        created_at=now,
        updated_at=now,
        updated_by=actor,
    )
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:
        raise Conflict(
            f"There is already a notification template with the key {row.key!r}."
        ) from None
    _note(session, actor, "created", row)
    return row


def replace_draft(
    session: Session,
    key: str,
    wish: NotificationTemplateDraft,
    actor: str,
    revision: int | None = None,
) -> NotificationTemplate:
    """Replace the draft; one that was archived comes back. Raises Invalid, NotFound, or
    DraftIsStale when `revision` is given and is not the present one."""
    row = find(session, key, lock=True)
    if revision is not None and revision != row.draft_revision:
        raise DraftIsStale(
            draftRevision=row.draft_revision, updatedBy=row.updated_by, updatedAt=row.updated_at
        )
    row.draft = checked(wish.content)
    row.name, row.description = wish.name, wish.description
    row.draft_revision += 1
    row.updated_at, row.updated_by = clock.now(), actor
    row.archived_at = None
    _note(session, actor, "draft-saved", row, after={"revision": row.draft_revision})
    return row


def publish(
    session: Session, key: str, actor: str, sample: Context, note: str = ""
) -> NotificationTemplateVersion:
    """Freeze the draft into the next version; what is sent from now on says it. Raises NotFound,
    or Invalid with what keeps it from being rendered, tried with a sample."""
    row = find(session, key, lock=True)
    if row.archived_at is not None:
        raise Conflict("It is archived. Save it to bring it back.")
    check_can_be_sent(row.draft, sample)
    version = NotificationTemplateVersion(
        template_id=row.id,
        number=(row.newest_version or 0) + 1,
        content=row.draft,
        note=note,
        published_at=clock.now(),
        published_by=actor,
    )
    session.add(version)
    row.newest_version = version.number
    session.flush()
    _note(session, actor, "published", row, reason=note, after={"version": version.number})
    return version


def archive(session: Session, key: str, actor: str) -> None:
    """Nobody finds it in lists any more. Again is no fault. Raises Conflict where something that
    is published still says it."""
    row = find(session, key, lock=True)
    if row.archived_at is not None:
        return
    if key in OWN_KEYS:
        raise Conflict("This is what Runsheet says when a policy names no template. Change it.")
    if uses := [use for use in notification_uses.used_by(session, key) if use.version]:
        places = sorted({f"{use.template_name} v{use.version}" for use in uses})
        raise Conflict(
            f"It is in use: {', '.join(places)}.", usedBy=[use.document() for use in uses]
        )
    row.archived_at = clock.now()
    row.updated_by = actor
    _note(session, actor, "archived", row)


def _note(
    session: Session, actor: str, action: str, row: NotificationTemplate, **more: Any
) -> None:
    if actor == SYSTEM:  # they come with the database
        return
    subject = "notification-template"
    audit.record(session, actor, f"{subject}.{action}", subject, row.key, **more)


def find(session: Session, key: str, *, lock: bool = False) -> NotificationTemplate:
    """A template by key. Raises NotFound."""
    query = select(NotificationTemplate).where(NotificationTemplate.key == key)
    row = session.scalar(query.with_for_update() if lock else query)
    if row is None:
        raise NotFound("There is no such notification template.")
    return row


def checked(contents: NotificationContents) -> dict[str, Any]:
    """The content as it is stored. Raises Invalid with every line that is no Liquid."""
    stored = contents.stored()
    _raise_if(
        fault
        for channel, content in stored.items()
        for fault in notification_contents.syntax_faults(content, f"{AT}.{channel}")
    )
    return stored


def check_can_be_sent(contents: dict[str, Any], sample: Context) -> None:
    """What a draft may still lack but a version may not. Raises Invalid."""
    if not contents:
        raise Invalid.at(AT, "It says nothing yet: write something for one channel at least.")
    _raise_if(
        fault
        for channel, content in contents.items()
        for fault in notification_contents.faults(content, channel, sample, f"{AT}.{channel}")
    )


def _raise_if(faults: Any) -> None:
    found: list[FieldError] = list(faults)
    if found:
        raise Invalid(found)
