"""/schedules: what starts instances by the clock."""

from flask import Blueprint, current_app, url_for

from app import clock
from app.api import preconditions
from app.api.endpoint import Ask, endpoint
from app.api.parameters import Page, SchedulesPage
from app.api.preconditions import mark_of, marked
from app.api.rendering import Reply, made, ok, page
from app.domain import occurrences, schedule_queries, schedules
from app.domain.schedule_queries import definition_of
from app.schemas.durations import parse_moment
from app.schemas.instance import Reason
from app.schemas.schedule import (
    FireOut,
    OccurrencesIn,
    OccurrencesOut,
    PauseIn,
    ScheduleChange,
    ScheduleIn,
    ScheduleOut,
    ScheduleSummary,
)

blueprint = Blueprint("api_schedules", __name__)
SCHEDULE = "/schedules/<id:schedule_id>"


@blueprint.get("/schedules")
@endpoint(
    "List schedules, newest first",
    permission="read",
    gives=ScheduleSummary,
    many=True,
    query=SchedulesPage,
)
def list_schedules(ask: Ask[None]) -> Reply:
    wanted: SchedulesPage = ask.query
    return page(
        *schedule_queries.list_schedules(
            ask.session,
            text=wanted.q,
            template_key=wanted.template_key,
            paused=wanted.paused,
            before=wanted.cursor,
            limit=wanted.limit,
        )
    )


@blueprint.post("/schedules")
@endpoint(
    "Create a schedule",
    permission="edit schedules",
    takes=ScheduleIn,
    gives=ScheduleOut,
    marked=True,
    status=201,
)
def create_schedule(ask: Ask[ScheduleIn]) -> Reply:
    row = schedules.create(ask.session, ask.body, ask.actor.name, least_seconds=least_seconds())
    location = url_for("api_schedules.read_schedule", schedule_id=row.id)
    return made(answer(ask, row.id), location)


@blueprint.post("/schedules/preview")
@endpoint(
    "Say when a rule would occur: what schedules and recurring steps go by",
    permission="read",
    takes=OccurrencesIn,
    gives=OccurrencesOut,
)
def preview_schedule(ask: Ask[OccurrencesIn]) -> Reply:
    wish = ask.body
    after = parse_moment(wish.after) if wish.after else clock.now()
    return ok(
        OccurrencesOut(
            occurrences=occurrences.preview(wish, after, wish.count, least_seconds=least_seconds())
        )
    )


@blueprint.get(SCHEDULE)
@endpoint(
    "Read a schedule with its next five times and its last twenty",
    permission="read",
    gives=ScheduleOut,
    marked=True,
)
def read_schedule(ask: Ask[None], schedule_id: int) -> Reply:
    return answer(ask, schedule_id)


@blueprint.patch(SCHEDULE)
@endpoint(
    "Change what is given of a schedule and keep the rest",
    permission="edit schedules",
    takes=ScheduleChange,
    gives=ScheduleOut,
    marked=True,
    errors=(412,),
)
def change_schedule(ask: Ask[ScheduleChange], schedule_id: int) -> Reply:
    require_match(ask, schedule_id)
    given = ask.body.model_dump(by_alias=True, exclude_unset=True)
    schedules.change(ask.session, schedule_id, given, ask.actor.name, least_seconds=least_seconds())
    return answer(ask, schedule_id)


@blueprint.delete(SCHEDULE)
@endpoint(
    "Delete a schedule; what it started goes on",
    permission="edit schedules",
    status=204,
    errors=(412,),
)
def delete_schedule(ask: Ask[None], schedule_id: int) -> Reply:
    require_match(ask, schedule_id)
    schedules.delete(ask.session, schedule_id, ask.actor.name)
    return Reply(status=204)


@blueprint.post(f"{SCHEDULE}/pause")
@endpoint(
    "Let a schedule rest, until it is resumed or until a time",
    permission="operate",
    takes=PauseIn,
    gives=ScheduleOut,
    marked=True,
)
def pause_schedule(ask: Ask[PauseIn], schedule_id: int) -> Reply:
    schedules.pause(ask.session, schedule_id, ask.body, ask.actor.name)
    return answer(ask, schedule_id)


@blueprint.post(f"{SCHEDULE}/resume")
@endpoint(
    "Go on with the next time that comes",
    permission="operate",
    takes=Reason,
    gives=ScheduleOut,
    marked=True,
)
def resume_schedule(ask: Ask[Reason], schedule_id: int) -> Reply:
    schedules.resume(ask.session, schedule_id, ask.actor.name, ask.body.reason)
    return answer(ask, schedule_id)


@blueprint.post(f"{SCHEDULE}/duplicate")
@endpoint(
    "Copy a schedule; the copy is paused, to be changed before it is resumed",
    permission="edit schedules",
    gives=ScheduleOut,
    marked=True,
    status=201,
)
def duplicate_schedule(ask: Ask[None], schedule_id: int) -> Reply:
    copy = schedules.duplicate(ask.session, schedule_id, ask.actor.name)
    location = url_for("api_schedules.read_schedule", schedule_id=copy.id)
    return made(answer(ask, copy.id), location)


@blueprint.post(f"{SCHEDULE}/run-now")
@endpoint(
    "Start an instance at once, beside the schedule's own times",
    permission="operate",
    takes=Reason,
    gives=FireOut,
)
def run_schedule_now(ask: Ask[Reason], schedule_id: int) -> Reply:
    fire = schedules.run_now(ask.session, schedule_id, ask.actor.name, ask.body.reason)
    return ok(schedule_queries.read_fire(ask.session, fire.id))


@blueprint.get(f"{SCHEDULE}/fires")
@endpoint(
    "List a schedule's past times and what became of them, newest first",
    permission="read",
    gives=FireOut,
    many=True,
    query=Page,
)
def list_fires(ask: Ask[None], schedule_id: int) -> Reply:
    wanted: Page = ask.query
    schedules.find(ask.session, schedule_id)
    return page(
        *schedule_queries.list_fires(
            ask.session, schedule_id, before=wanted.cursor, limit=wanted.limit
        )
    )


def answer(ask: Ask, schedule_id: int) -> Reply:
    """The schedule as it is now."""
    row = schedules.find(ask.session, schedule_id)
    return marked(ok(schedule_queries.read(ask.session, schedule_id)), mark_of(definition_of(row)))


def require_match(ask: Ask, schedule_id: int) -> None:
    """Raises Stale unless what an author wrote of it is still what If-Match names."""
    row = schedules.find(ask.session, schedule_id, lock=True)
    facts = {"updatedBy": row.updated_by, "updatedAt": row.updated_at}
    preconditions.require(mark_of(definition_of(row)), **facts)


def least_seconds() -> int:
    return current_app.config["SETTINGS"].min_schedule_seconds
