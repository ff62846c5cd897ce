"""Instances: the list, one with all that happened to it, its live update, and what is done with
a whole one."""

from flask import Blueprint, Response, redirect, render_template, request
from flask_login import current_user
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from app import live, transaction
from app.domain import instances, queries
from app.extensions import htmx
from app.schemas.instance import Reason
from app.web import moves, places, view_models
from app.web.access import find_visitor, needs, visitor
from app.web.exchanges import json_page
from app.web.instance_lists import Filters, list_page

blueprint = Blueprint("instances", __name__)
INSTANCE = "/instances/<id:instance_id>"
VERBS = {"pause": instances.pause, "resume": instances.resume, "cancel": instances.cancel}


@blueprint.get("/instances")
@needs("read")
def index() -> str:
    filters = Filters.read()
    with transaction.reading() as session:
        page = list_page(session, filters)
    return render_template("instances/index.html", filters=filters, **page)


@blueprint.get(INSTANCE)
@needs("read")
def show(instance_id: int) -> str:
    with transaction.reading() as session:
        page = view_models.page(session, instance_id, places.here(), visitor())
    return render_template("instances/show.html", **page)


@blueprint.get(f"{INSTANCE}/live", endpoint="live")
@needs("read")
def live_update(instance_id: int) -> str | AnyResponse:
    """The part of the page that changes. Opened as a page, it leads to the page."""
    place = places.here(request.args.get("step") or None)
    if not htmx.wants_partial:
        return redirect(place.url(instance_id))
    with transaction.reading() as session:
        page = view_models.page(session, instance_id, place, visitor())
    return render_template("instances/_live.html", **page)


@blueprint.get(f"{INSTANCE}/stream")
@needs("read")
def stream(instance_id: int) -> Response:
    """Says that there is something new; the page then asks for its live part."""
    after, session_id = request.args.get("after", "0"), current_user.get_id()
    known = int(after) if after.isascii() and after.isdigit() and len(after) <= 9 else 0
    with transaction.reading() as session:
        queries.list_events(session, instance_id, limit=1)
    return live.stream(
        instance_id,
        known,
        lambda _last, newest: [live.Message(newest, "change", "")],
        lambda: find_visitor(session_id) is not None,
    )


@blueprint.get(f"{INSTANCE}/json")
@needs("read")
def as_json(instance_id: int) -> Response:
    with transaction.reading() as session:
        may_call = visitor().may("operate")
        document = queries.read_instance(session, instance_id, with_urls=may_call).document()
    return json_page(document)


@blueprint.post(f"{INSTANCE}/<any({','.join(VERBS)}):verb>")
@needs("operate")
def move(instance_id: int, verb: str) -> AnyResponse:
    reason = Reason.read({"reason": moves.typed("reason")}).reason

    def carry_out(session: Session) -> None:
        VERBS[verb](session, instance_id, visitor().actor.name, reason)

    return moves.answer(moves.Move(instance_id, verb), carry_out)
