"""Reading notification templates and their versions: the same view for pages and JSON."""

from typing import Any

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from app.domain import notification_templates, notification_uses
from app.domain.notification_defaults import OWN_KEYS
from app.models import NotificationTemplate, NotificationTemplateVersion
from app.schemas.notification_template import (
    NotificationTemplateOut,
    NotificationTemplateSummary,
    NotificationVersionOut,
)

_row, _version = NotificationTemplate, NotificationTemplateVersion


def list_templates(
    session: Session,
    *,
    text: str | None = None,
    archived: bool = False,
    after: int | None = None,
    limit: int = 50,
) -> tuple[list[NotificationTemplateSummary], int | None]:
    """Templates in the order in which they were made, and the id to go on after (None: that was
    all). `text` is looked for in keys and names."""
    newest = and_(_version.template_id == _row.id, _version.number == _row.newest_version)
    query = select(_row, _version.content).outerjoin(_version, newest).order_by(_row.id)
    query = query.where(_row.archived_at.is_not(None) if archived else _row.archived_at.is_(None))
    if text:
        query = query.where(
            _row.key.icontains(text, autoescape=True) | _row.name.icontains(text, autoescape=True)
        )
    if after is not None:
        query = query.where(_row.id > after)
    rows = session.execute(query.limit(limit + 1)).all()
    page = [NotificationTemplateSummary(**_standing(*row)) for row in rows[:limit]]
    return page, rows[limit - 1][0].id if len(rows) > limit else None


def read_template(session: Session, key: str) -> NotificationTemplateOut:
    """One with its draft and its uses. Raises NotFound."""
    row = notification_templates.find(session, key)
    newest = session.scalar(
        select(_version.content).where(
            _version.template_id == row.id, _version.number == row.newest_version
        )
    )
    uses = notification_uses.used_by(session, key)
    return NotificationTemplateOut(**_standing(row, newest), content=row.draft, used_by=uses)


def _standing(row: NotificationTemplate, newest: Any) -> dict[str, Any]:
    return {
        "key": row.key,
        "name": row.name,
        "description": row.description,
        "channels": [*(row.draft if newest is None else newest)],
        "draft_revision": row.draft_revision,
        "newest_version": row.newest_version,
        "changed": row.draft != newest,
        "built_in": row.key in OWN_KEYS,
        "archived": row.archived_at is not None,
        "updated_at": row.updated_at,
        "updated_by": row.updated_by,
    }


def list_versions(
    session: Session, key: str, *, before: int | None = None, limit: int = 50
) -> tuple[list[NotificationVersionOut], int | None]:
    """Published versions, newest first, and the number to go on before. Raises NotFound."""
    row = notification_templates.find(session, key)
    query = select(_version).where(_version.template_id == row.id)
    if before is not None:
        query = query.where(_version.number < before)
    rows = session.scalars(query.order_by(_version.number.desc()).limit(limit + 1)).all()
    page = [version_out(one) for one in rows[:limit]]
    return page, page[-1].number if len(rows) > limit else None


def version_out(row: NotificationTemplateVersion) -> NotificationVersionOut:
    return NotificationVersionOut(
        number=row.number,
        content=row.content,
        note=row.note,
        published_at=row.published_at,
        published_by=row.published_by,
    )
