"""The instances that schedules start: their titles and input, and why one could not start."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from app.domain import instances
from app.domain.instances import Wish
from app.domain.overlaps import Fire
from app.domain.paths import MissingPath
from app.domain.placeholders import fill_text
from app.domain.wall_time import zone_of
from app.errors import Invalid, RunsheetError
from app.models import Schedule
from app.models.vocabulary import FireOutcome
from app.schemas.base import zulu
from app.schemas.instance import InstanceIn

DEFAULT_TITLE = "{{ schedule.name }} · {{ fire.date }} {{ fire.time }}"
LONGEST_TITLE = 500


def start(session: Session, fires: Sequence[Fire]) -> None:
    """Start an instance for each of these fires and note its id, or what kept it from starting."""
    ready: list[tuple[Fire, Wish]] = []
    for fire in fires:
        try:
            ready.append((fire, _wish(fire)))
        except MissingPath as missing:
            _fail(fire, Invalid.at("title", f"{missing.path} is missing."))
    answers = instances.start_each(session, [wish for _, wish in ready]) if ready else []
    for (fire, _), answer in zip(ready, answers, strict=True):
        if isinstance(answer, RunsheetError):
            _fail(fire, answer)
        else:
            fire.instance_id = answer


def _wish(fire: Fire) -> Wish:
    schedule = fire.schedule
    title = title_of(schedule.title, schedule, fire.at)
    return Wish(
        instance=InstanceIn.model_construct(
            template_key=None,
            template_id=schedule.template_id,
            version=schedule.version,
            title=title,
            input=schedule.input,
        ),
        actor=actor_of(schedule),
        data={"scheduleId": schedule.id, "fireAt": zulu(fire.at)},
    )


def actor_of(schedule: Schedule) -> str:
    """Who starts what a schedule starts."""
    return f"schedule:{schedule.name}"


def title_of(title: str, schedule: Schedule, at: datetime) -> str:
    """A title filled in, in one line. Raises MissingPath."""
    filled = fill_text(title or DEFAULT_TITLE, title_context(schedule, at))
    return " ".join(filled.split())[:LONGEST_TITLE]


def title_context(schedule: Schedule, at: datetime) -> Mapping[str, Any]:
    """What the placeholders of a title can read: times are those of the schedule's zone."""
    wall = at.astimezone(zone_of(schedule.timezone))
    return {
        "input": schedule.input,
        "schedule": {"id": schedule.id, "name": schedule.name},
        "fire": {"at": zulu(at), "date": f"{wall:%Y-%m-%d}", "time": f"{wall:%H:%M}"},
    }


def _fail(fire: Fire, why_not: RunsheetError) -> None:
    faults = "; ".join(f"{fault.path}: {fault.message}" for fault in why_not.errors)
    fire.outcome = FireOutcome.FAILED
    fire.reason = faults or why_not.message
