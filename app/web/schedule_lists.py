"""Schedules in lists: how each stands, when it runs next, and how it went lately, in three queries
for all of them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from flask import request, url_for
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.domain import schedule_queries, template_queries
from app.models import Schedule, WorkflowTemplate
from app.schemas.schedule import ScheduleSummary
from app.web import schedule_words
from app.web.old_names import with_old_names
from app.web.schedule_words import Spark

ROWS = 50
RUNS = 12  # of a row's sparkline
_STATES = {"": "All", "false": "Not paused", "true": "Paused"}
_OLD_STATES = {"active": "false", "paused": "true"}


@dataclass(frozen=True, slots=True)
class ScheduleRow:
    """A line of the list."""

    schedule: ScheduleSummary
    standing: str
    words: str
    template_name: str
    spark: Spark | None


@dataclass(frozen=True, slots=True)
class Filters:
    """What the URL of the list says, under the names that the API has for it. Empty: everything."""

    paused: str = ""
    template_key: str = ""
    q: str = ""
    cursor: int | None = None

    @classmethod
    def read(cls) -> "Filters":
        given = with_old_names(request.args, template="templateKey", state="paused")
        paused, template_key, q, cursor = (
            given.get(name, "").replace("\x00", "").strip()[:500]
            for name in ("paused", "templateKey", "q", "cursor")
        )
        digits = cursor.isascii() and cursor.isdigit() and len(cursor) <= 18
        paused = _OLD_STATES.get(paused, paused)
        paused = paused if paused in _STATES else ""
        return cls(paused, template_key, q, int(cursor) if digits else None)

    @property
    def any(self) -> bool:
        return bool(self.paused or self.template_key or self.q)

    def url(self, **other: Any) -> str:
        """The same list with some of it changed."""
        given = {"paused": self.paused, "templateKey": self.template_key, "q": self.q} | other
        values: dict[str, Any] = {name: value or None for name, value in given.items()}
        return url_for("schedules.index", **values)


def list_page(session: Session, filters: Filters) -> dict[str, Any]:
    """What schedules/index.html expects beside the filters."""
    found, cursor = schedule_queries.list_schedules(
        session,
        text=filters.q or None,
        template_key=filters.template_key or None,
        paused=filters.paused == "true" if filters.paused else None,
        before=filters.cursor,
        limit=ROWS,
    )
    templates, _ = template_queries.list_templates(session, limit=200)
    return {
        "rows": rows(session, found),
        "next_url": filters.url(cursor=cursor) if cursor else None,
        "templates": sorted(templates, key=lambda template: template.name.lower()),
        "states": [*_STATES.items()],
    }


def rows(session: Session, found: Sequence[ScheduleSummary]) -> list[ScheduleRow]:
    """The lines of these schedules."""
    names = _names(session, {schedule.template_id for schedule in found})
    fires = schedule_queries.recent_fires(session, [one.id for one in found], each=RUNS)
    return [
        ScheduleRow(
            schedule,
            schedule_words.standing(schedule),
            schedule_words.describe(schedule),
            names[schedule.template_id],
            schedule_words.spark(fires.get(schedule.id, [])),
        )
        for schedule in found
    ]


def _names(session: Session, ids: Iterable[int]) -> dict[int, str]:
    template = WorkflowTemplate
    query = select(template.id, template.name).where(template.id.in_(list(ids)))
    return {row.id: row.name for row in session.execute(query)}


def count(session: Session, template_id: int) -> int:
    """How many schedules start instances of a template."""
    schedule = Schedule
    query = select(func.count(schedule.id)).where(
        schedule.template_id == template_id, schedule.deleted_at.is_(None)
    )
    return session.scalar(query) or 0
