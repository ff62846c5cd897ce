"""Schedules: the list, one with its next and past times, and what is done with it."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app import transaction
from app.domain import schedules
from app.errors import Conflict, Invalid, RunsheetError
from app.schemas.instance import Reason
from app.schemas.schedule import PauseIn
from app.web import schedule_documents, schedule_views, sentences
from app.web.access import needs, visitor
from app.web.moves import typed
from app.web.schedule_lists import Filters, list_page

blueprint = Blueprint("schedules", __name__)
SCHEDULE = "/schedules/<id:schedule_id>"
Answer = Response | tuple[str, int]


@blueprint.get("/schedules")
@needs("read")
def index() -> str:
    filters = Filters.read()
    with transaction.reading() as session:
        page = list_page(session, filters)
    return render_template("schedules/index.html", filters=filters, **page)


@blueprint.get(SCHEDULE)
@needs("read")
def show(schedule_id: int) -> str:
    return _show(schedule_id)


@blueprint.post(f"{SCHEDULE}/run-now")
@needs("operate")
def run_now(schedule_id: int) -> Answer:
    def carry_out(session: Session, actor: str) -> str:
        schedules.run_now(session, schedule_id, actor, _reason())
        return "It runs: its instance stands first among the past runs."

    return _answer(schedule_id, "run-now", carry_out)


@blueprint.post(f"{SCHEDULE}/pause")
@needs("operate")
def pause(schedule_id: int) -> Answer:
    def carry_out(session: Session, actor: str) -> str:
        timezone = schedules.find(session, schedule_id).timezone
        until = schedule_documents.moment(typed("until"), timezone, "until")
        wish = PauseIn.read({"reason": typed("reason"), "until": until})
        schedules.pause(session, schedule_id, wish, actor)
        return "It is paused: times that come meanwhile are passed over."

    return _answer(schedule_id, "pause", carry_out)


@blueprint.post(f"{SCHEDULE}/resume")
@needs("operate")
def resume(schedule_id: int) -> Answer:
    def carry_out(session: Session, actor: str) -> str:
        schedules.resume(session, schedule_id, actor, _reason())
        return "It goes on with the next time that comes."

    return _answer(schedule_id, "resume", carry_out)


@blueprint.post(f"{SCHEDULE}/duplicate")
@needs("edit schedules")
def duplicate(schedule_id: int) -> Response:
    with transaction.writing() as session:
        copy = schedules.duplicate(session, schedule_id, visitor().actor.name)
    flash("This is the copy. It is paused until somebody resumes it.")
    return redirect(url_for("schedule_drafts.edit", schedule_id=copy.id), 303)


@blueprint.post(f"{SCHEDULE}/delete")
@needs("edit schedules")
def delete(schedule_id: int) -> Response:
    with transaction.writing() as session:
        schedules.delete(session, schedule_id, visitor().actor.name)
    flash("The schedule is gone. What it started goes on.")
    return redirect(url_for("schedules.index"), 303)


def _answer(schedule_id: int, verb: str, carry_out: Callable[[Session, str], str]) -> Answer:
    """Do it and lead to the page; what was refused keeps what was typed."""
    try:
        with transaction.writing() as session:
            said = carry_out(session, visitor().actor.name)
    except (Conflict, Invalid) as error:
        return _refused(schedule_id, verb, error)
    flash(said)
    return redirect(url_for("schedules.show", schedule_id=schedule_id), 303)


def _refused(schedule_id: int, verb: str, error: RunsheetError) -> tuple[str, int]:
    faults = {fault.path: fault.message for fault in error.errors}
    if not faults:
        flash(sentences.refusal(error), "error")
    kept = {name: request.form.get(name, "") for name in ("reason", "until")}
    return _show(schedule_id, asked=verb, kept=kept, faults=faults), error.status


def _show(schedule_id: int, **more: Any) -> str:
    with transaction.reading() as session:
        page = schedule_views.page(session, schedule_id, request.args.get("before", ""))
    asked: dict[str, Any] = {"asked": None, "kept": {}, "faults": {}}
    return render_template("schedules/show.html", **page, **asked | more)


def _reason() -> str:
    return Reason.read({"reason": typed("reason")}).reason
