"""Deliveries: who was told what, with every try; and telling them again, one or all that match."""

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from app import transaction
from app.config import Settings
from app.domain import channels, replays
from app.errors import Conflict
from app.extensions import htmx
from app.web.access import needs, visitor
from app.web.delivery_lists import Filters, list_page, one_page
from app.web.moves import typed

blueprint = Blueprint("deliveries", __name__)


@blueprint.get("/deliveries")
@needs("read")
def index() -> str | Response:
    filters = Filters.read(request.args)
    if filters.user_id:
        return redirect(filters.url())
    with transaction.reading() as session:
        return render_template("deliveries/index.html", **list_page(session, filters))


@blueprint.get("/deliveries/<id:delivery_id>")
@needs("read")
def show(delivery_id: int) -> str:
    page = "deliveries/_one.html" if htmx.wants_partial else "deliveries/show.html"
    with transaction.reading() as session:
        return render_template(page, **one_page(session, delivery_id))


@blueprint.post("/deliveries/<id:delivery_id>/replay")
@needs("operate")
def replay(delivery_id: int) -> Response:
    """Once more, as a new delivery; leads to that one."""
    actor = visitor().actor.name
    try:
        with transaction.writing() as session:
            new_id = replays.replay(session, delivery_id, actor, typed("reason"), not_ready())
    except Conflict as refusal:
        flash(refusal.message, "error")
        return redirect(url_for("deliveries.show", delivery_id=delivery_id), 303)
    flash("It is sent once more, as a delivery of its own.")
    return redirect(url_for("deliveries.show", delivery_id=new_id), 303)


@blueprint.post("/deliveries/replay")
@needs("operate")
def replay_all() -> Response:
    """All that match, if they are still as many as the page said."""
    filters, count = Filters.read(request.form), request.form.get("expected", "")
    expected = int(count) if count.isascii() and count.isdigit() and len(count) < 9 else -1
    actor, reason = visitor().actor.name, typed("reason")
    try:
        with transaction.writing() as session:
            wanted = filters.wanted()
            ids = replays.replay_all(session, wanted, expected, actor, reason, not_ready())
    except Conflict as refusal:
        flash(refusal.message, "error")
        return redirect(filters.url(), 303)
    flash(f"{len(ids)} are sent once more, each as a delivery of its own.")
    return redirect(Filters(user_id=filters.user_id).url(), 303)


def not_ready() -> dict[str, str]:
    settings: Settings = current_app.config["SETTINGS"]
    return channels.not_ready(settings)
