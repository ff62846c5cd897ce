"""What a schedule may start: the templates there are, the one that is chosen, and its input."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain import template_queries
from app.errors import NotFound
from app.models import Schedule, WorkflowTemplate

MOST = 200


@dataclass(frozen=True, slots=True)
class Source:
    """A template and a version of it (None: the newest at that time), or none yet."""

    templates: list[tuple[str, str]]
    versions: list[int]
    template_id: int | None
    version: int | None
    schema: dict[str, Any]

    @property
    def key(self) -> str:
        """Tells apart what inputs are made from."""
        return f"{self.template_id or ''}.{self.version or ''}"


def find(session: Session, template_id: int | None, version: int | None = None) -> Source:
    """A template that is not there, or a version, counts as not chosen."""
    templates = _templates(session, template_id)
    if template_id is not None and str(template_id) not in dict(templates):
        template_id = None
    if template_id is None:
        return Source(templates, [], None, None, {})
    found = _versions(session, template_id)
    numbers = [each["number"] for each in found]
    version = version if version in numbers else None
    chosen = next((each for each in found if each["number"] == version), found[0])
    return Source(templates, numbers, template_id, version, chosen["inputSchema"])


def _templates(session: Session, chosen: int | None) -> list[tuple[str, str]]:
    """Those that can be started, and the one that is chosen even if it was archived since."""
    rows, _ = template_queries.list_templates(session, limit=MOST)
    names = {str(row.id): row.name for row in rows if row.newest_version is not None}
    row = session.get(WorkflowTemplate, chosen) if chosen is not None else None
    if row is not None and row.newest_version is not None:
        names.setdefault(str(row.id), f"{row.name} (archived)" if row.archived_at else row.name)
    return sorted(names.items(), key=lambda each: each[1].lower())


def _versions(session: Session, template_id: int) -> list[dict[str, Any]]:
    try:
        found, _ = template_queries.list_versions(session, template_id, limit=MOST)
    except NotFound:
        return []
    return found


def usual_zone(session: Session, actor: str, own: str | None = None) -> str:
    """The zone of the schedule that somebody made last; else their `own`, or UTC."""
    query = select(Schedule.timezone).where(Schedule.created_by == actor)
    return session.scalar(query.order_by(Schedule.id.desc()).limit(1)) or own or "UTC"
