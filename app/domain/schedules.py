"""What people and programs do with schedules."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app import clock
from app.domain import audit, schedule_checks, schedule_starts
from app.domain.firing import end_pause, row_of
from app.domain.overlaps import Fire
from app.domain.schedule_queries import definition_of
from app.domain.schedule_times import plan_next
from app.errors import Conflict, Invalid, MoveNotAllowed, NotFound
from app.models import Schedule, ScheduleFire
from app.models.vocabulary import FireKind, FireOutcome
from app.schemas.durations import parse_moment
from app.schemas.schedule import PauseIn, ScheduleIn

_SUBJECT = "schedule"
_RULES = ("cron", "rrule", "everySeconds")
_RULE_COLUMNS = ("cron", "rrule", "every_seconds", "timezone", "starts_at")
_TINY = timedelta(microseconds=1)


def create(session: Session, wish: ScheduleIn, actor: str, *, least_seconds: int = 60) -> Schedule:
    """A new schedule, planned from now on. Raises Invalid. `least_seconds`: between two times."""
    now = clock.now()
    row = Schedule(count=0, created_at=now, created_by=actor)
    _write(session, row, wish, actor, least_seconds)
    session.add(row)
    session.flush()
    # Its jitter is made from its id, so it is planned when it has one.
    plan_next(row, now - _TINY if row.starts_at == now else now)
    _note(session, actor, "created", row, after=definition_of(row))
    return row


def change(
    session: Session,
    schedule_id: int,
    given: Mapping[str, Any],
    actor: str,
    *,
    least_seconds: int = 60,
) -> Schedule:
    """Change what is given, by the names of the JSON form, and keep the rest. Its next time stays,
    also one that has come and not yet fired, unless its rule changed: that counts from now on.
    Raises NotFound or Invalid."""
    row = find(session, schedule_id, lock=True)
    before, rule = definition_of(row), _rule_columns(row)
    wish = ScheduleIn.read(_merged(before, given))
    _write(session, row, wish, actor, least_seconds)
    stays = row.next_at if rule == _rule_columns(row) else None
    plan_next(row, stays - _TINY if stays else clock.now())
    _note(session, actor, "changed", row, **audit.changes(before, definition_of(row)))
    return row


def _rule_columns(row: Schedule) -> list[Any]:
    return [getattr(row, name) for name in _RULE_COLUMNS]


def _merged(before: dict[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Another rule, or another template, takes the place of the present one."""
    merged = before | dict(given)
    for names in (_RULES, ("templateKey", "templateId")):
        if any(given.get(name) is not None for name in names):
            merged |= {name: given.get(name) for name in names}
    return merged


def _write(
    session: Session, row: Schedule, wish: ScheduleIn, actor: str, least_seconds: int
) -> None:
    template_id = schedule_checks.check(session, wish, row, least_seconds)
    now = clock.now()
    row.name, row.title, row.input = wish.name.strip(), wish.title, wish.input
    row.template_id, row.version = template_id, wish.version
    row.cron, row.rrule, row.every_seconds = wish.cron, wish.rrule, wish.every_seconds
    row.timezone = wish.timezone
    row.starts_at = parse_moment(wish.start) if wish.start else None
    if row.starts_at is None and row.cron is None:
        # Intervals and RRULEs count from somewhere; from now on that is said.
        row.starts_at = now.replace(microsecond=0)
    row.ends_at = parse_moment(wish.until) if wish.until else None
    row.max_count = wish.count
    row.overlap, row.catch_up = wish.overlap, wish.catch_up
    row.jitter_seconds = wish.jitter_seconds
    row.updated_at, row.updated_by = now, actor


def duplicate(session: Session, schedule_id: int, actor: str) -> Schedule:
    """A copy that is paused, to be changed before it is resumed. Raises NotFound."""
    source = find(session, schedule_id)
    now = clock.now()
    kept = {
        column.key: getattr(source, column.key)
        for column in Schedule.__table__.columns
        if column.key not in ("id", "next_at", "next_fire_at", "resume_at")
    }
    row = Schedule(**kept | {"name": f"Copy of {source.name}"[:200], "count": 0})
    row.created_at = row.updated_at = row.paused_at = now
    row.created_by = row.updated_by = row.paused_by = actor
    row.pause_reason = f"A copy of {source.name}; not resumed yet."
    session.add(row)
    session.flush()
    _note(session, actor, "created", row, after=definition_of(row))
    return row


def delete(session: Session, schedule_id: int, actor: str) -> None:
    """It fires no more, and what it queued does not start; what it started goes on."""
    row = find(session, schedule_id, lock=True)
    now = clock.now()
    row.deleted_at = row.updated_at = now
    row.updated_by = actor
    end_pause(row)
    plan_next(row, now)
    fire = ScheduleFire
    session.execute(
        update(fire)
        .where(fire.schedule_id == row.id, fire.outcome == FireOutcome.QUEUED)
        .values(outcome=FireOutcome.SKIPPED, reason="The schedule was deleted.", settled=True)
    )
    _note(session, actor, "deleted", row, before=definition_of(row))


def pause(session: Session, schedule_id: int, wish: PauseIn, actor: str) -> Schedule:
    """Let it rest. Times that fall into its rest are passed over. Raises NotFound, MoveNotAllowed
    when it rests already, or Invalid."""
    row = find(session, schedule_id, lock=True)
    if row.paused_at is not None:
        raise MoveNotAllowed(f"{row.paused_by} has already paused it.")
    now = clock.now()
    if wish.until is not None and wish.until <= now:
        raise Invalid.at("until", "This time has passed.")
    row.paused_at, row.paused_by, row.pause_reason = now, actor, wish.reason or None
    row.resume_at = wish.until
    plan_next(row, now)
    _note(session, actor, "paused", row, reason=wish.reason)
    return row


def resume(session: Session, schedule_id: int, actor: str, reason: str = "") -> Schedule:
    """Go on with the next time that comes. Raises NotFound, or MoveNotAllowed."""
    row = find(session, schedule_id, lock=True)
    if row.paused_at is None:
        raise MoveNotAllowed("It is not paused.")
    end_pause(row)
    plan_next(row, clock.now())
    _note(session, actor, "resumed", row, reason=reason)
    return row


def run_now(session: Session, schedule_id: int, actor: str, reason: str = "") -> ScheduleFire:
    """Start an instance at once, beside its times and whatever is open. Raises NotFound, or
    Conflict with what keeps it from starting."""
    row = find(session, schedule_id, lock=True)
    now = clock.now()
    fire = Fire(row, now, FireKind.RUN_NOW, reason=reason or None)
    schedule_starts.start(session, [fire])
    if fire.outcome == FireOutcome.FAILED:
        raise Conflict(f"It could not be started: {fire.reason}")
    done = row_of(fire, now, actor)
    session.add(done)
    session.flush()
    _note(session, actor, "run", row, reason=reason, after={"instanceId": fire.instance_id})
    return done


def find(session: Session, schedule_id: int, *, lock: bool = False) -> Schedule:
    """A schedule by id. Raises NotFound. `lock`: as it is once nobody else can change it, even if
    it was read before."""
    query = select(Schedule).where(Schedule.id == schedule_id, Schedule.deleted_at.is_(None))
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    row = session.scalar(query)
    if row is None:
        raise NotFound("There is no such schedule.")
    return row


def _note(session: Session, actor: str, action: str, row: Schedule, **more: Any) -> None:
    more["reason"] = more.get("reason") or None
    audit.record(session, actor, f"schedule.{action}", _SUBJECT, str(row.id), **more)
