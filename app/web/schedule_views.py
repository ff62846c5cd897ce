"""A schedule as its page shows it: what it does in words, its next times, and what became of the
past ones."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import clock
from app.domain import schedule_queries, templates
from app.models import Schedule, ScheduleFire
from app.schemas.schedule import FireOut
from app.web import schedule_previews, schedule_words
from app.web.coming_runs import coming

FIRES = 20


@dataclass(frozen=True, slots=True)
class FireView:
    """One past time: its mark and word, how late it was, and why it went so."""

    fire: FireOut
    mark: str
    word: str
    late: str


def page(session: Session, schedule_id: int, before: str = "") -> dict[str, Any]:
    """What schedules/show.html expects. `before`: the fire to go on before, as the URL has it.
    Raises NotFound."""
    schedule = schedule_queries.read(session, schedule_id)
    after = int(before) if before.isascii() and before.isdigit() and len(before) <= 18 else None
    fires, older = schedule_queries.list_fires(session, schedule_id, before=after, limit=FIRES)
    newest = schedule.recent_fires
    return {
        "schedule": schedule,
        "template": templates.find(session, schedule.template_id),
        "standing": schedule_words.standing(schedule),
        "words": schedule_previews.describe(schedule_words.rule_of(schedule)),
        "expression": schedule_words.expression(schedule),
        "overlap": schedule_words.OVERLAP[schedule.overlap],
        "catch_up": schedule_words.CATCH_UP[schedule.catch_up],
        "runs": coming(schedule.next_occurrences, schedule.timezone, clock.now()),
        "spark": schedule_words.spark(newest[::-1]),
        "fires": [_view(fire) for fire in fires],
        "older": older,
        "paged": after is not None,
    }


def _view(fire: FireOut) -> FireView:
    return FireView(fire, *schedule_words.became(fire), schedule_words.lateness(fire))


def started_by(session: Session, instance_id: int) -> tuple[int, str] | None:
    """The id and the name of the schedule that started an instance, if it is still there."""
    fire = ScheduleFire
    query = (
        select(Schedule.id, Schedule.name)
        .join(fire, fire.schedule_id == Schedule.id)
        .where(fire.instance_id == instance_id, Schedule.deleted_at.is_(None))
    )
    row = session.execute(query).first()
    return (row.id, row.name) if row else None
