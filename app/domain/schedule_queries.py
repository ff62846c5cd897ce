"""Schedules and their fires as they are shown."""

from collections import defaultdict
from collections.abc import Collection
from datetime import timedelta
from typing import Any

from sqlalchemy import Select, Subquery, func, select, union_all
from sqlalchemy.orm import Session, joinedload

from app import clock
from app.domain.schedule_times import next_few
from app.errors import NotFound
from app.models import Schedule, ScheduleFire, WorkflowInstance, WorkflowTemplate
from app.schemas.base import zulu
from app.schemas.schedule import FireOut, ScheduleOut, ScheduleSummary

RECENT = 20
LATE = timedelta(minutes=1)
_schedule, _fire = Schedule, ScheduleFire


def definition_of(row: Schedule) -> dict[str, Any]:
    """What an author wrote of it, in its JSON form."""
    return {
        "name": row.name,
        "templateId": row.template_id,
        "version": row.version,
        "title": row.title,
        "input": row.input,
        "cron": row.cron,
        "rrule": row.rrule,
        "everySeconds": row.every_seconds,
        "timezone": row.timezone,
        "start": zulu(row.starts_at) if row.starts_at else None,
        "until": zulu(row.ends_at) if row.ends_at else None,
        "count": row.max_count,
        "overlap": row.overlap,
        "catchUp": row.catch_up,
        "jitterSeconds": row.jitter_seconds,
    }


def count_late(session: Session) -> int:
    """How many schedules are due for longer than it takes to fire them."""
    late = _schedule.next_fire_at < clock.now() - LATE
    return session.scalar(select(func.count()).select_from(_schedule).where(late)) or 0


def list_schedules(
    session: Session,
    *,
    text: str | None = None,
    template_key: str | None = None,
    paused: bool | None = None,
    before: int | None = None,
    limit: int = 50,
) -> tuple[list[ScheduleSummary], int | None]:
    """Schedules, newest first, and the id to go on before (None: that was all)."""
    query = select(_schedule).where(_schedule.deleted_at.is_(None)).order_by(_schedule.id.desc())
    if text:
        query = query.where(_schedule.name.icontains(text, autoescape=True))
    if template_key:
        query = query.where(_schedule.template.has(WorkflowTemplate.key == template_key))
    if paused is not None:
        is_paused = _schedule.paused_at.is_not(None)
        query = query.where(is_paused if paused else ~is_paused)
    if before is not None:
        query = query.where(_schedule.id < before)
    query = query.options(joinedload(_schedule.template)).limit(limit + 1)
    rows = session.scalars(query).all()
    page = [ScheduleSummary(**_summary(row)) for row in rows[:limit]]
    return page, rows[limit - 1].id if len(rows) > limit else None


def read(session: Session, schedule_id: int) -> ScheduleOut:
    """One schedule with its next five times and its last twenty. Raises NotFound."""
    query = select(_schedule).where(_schedule.id == schedule_id, _schedule.deleted_at.is_(None))
    row = session.scalar(query.options(joinedload(_schedule.template)))
    if row is None:
        raise NotFound("There is no such schedule.")
    recent, _ = list_fires(session, schedule_id, limit=RECENT)
    return ScheduleOut(
        **_summary(row), next_occurrences=next_few(row, clock.now()), recent_fires=recent
    )


def _summary(row: Schedule) -> dict[str, Any]:
    same = (
        "id name template_id version title input cron rrule every_seconds timezone overlap "
        "catch_up jitter_seconds paused_at paused_by pause_reason resume_at next_at created_at "
        "created_by updated_at updated_by"
    )
    return {name: getattr(row, name) for name in same.split()} | {
        "template_key": row.template.key,
        "start": row.starts_at,
        "until": row.ends_at,
        "count": row.max_count,
        "fired": row.count,
        "paused": row.paused_at is not None,
    }


def list_fires(
    session: Session, schedule_id: int, *, before: int | None = None, limit: int = 50
) -> tuple[list[FireOut], int | None]:
    """What became of its times, newest first, and the id to go on before (None: that was all)."""
    query = _fires().where(_fire.schedule_id == schedule_id)
    if before is not None:
        time_of_it = select(_fire.fire_at).where(_fire.id == before).scalar_subquery()
        query = query.where(_fire.fire_at < time_of_it)
    rows = session.execute(query.order_by(_fire.fire_at.desc()).limit(limit + 1)).all()
    page = [_fire_out(*row) for row in rows[:limit]]
    return page, page[-1].id if len(rows) > limit else None


def read_fire(session: Session, fire_id: int) -> FireOut:
    """One time of a schedule."""
    return _fire_out(*session.execute(_fires().where(_fire.id == fire_id)).one())


def recent_fires(
    session: Session, schedule_ids: Collection[int], each: int = RECENT
) -> dict[int, list[FireOut]]:
    """The last fires of each of these schedules, oldest first, as a row of a list shows them."""
    if not schedule_ids:
        return {}
    # A look into the index for each: a window over all their fires would read years of them.
    wanted = union_all(*(select(_newest(id, each).c.id) for id in schedule_ids))
    found: dict[int, list[FireOut]] = defaultdict(list)
    for row in session.execute(_fires().where(_fire.id.in_(wanted)).order_by(_fire.fire_at)):
        found[row[0].schedule_id].append(_fire_out(*row))
    return found


def _newest(schedule_id: int, number: int) -> Subquery:
    query = select(_fire.id).where(_fire.schedule_id == schedule_id)
    return query.order_by(_fire.fire_at.desc()).limit(number).subquery()


def _fires() -> Select[ScheduleFire, str, str]:
    instance = WorkflowInstance
    return select(_fire, instance.title, instance.state).join(
        instance, instance.id == _fire.instance_id, isouter=True
    )


def _fire_out(row: ScheduleFire, title: str | None, state: str | None) -> FireOut:
    same = "id fire_at kind outcome reason actor instance_id late_seconds created_at"
    return FireOut(
        **{name: getattr(row, name) for name in same.split()},
        instance_title=title,
        instance_state=state,
    )
