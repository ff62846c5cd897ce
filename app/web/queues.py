"""Queues and workers: how the work stands, who does it, and letting a queue rest."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app import transaction
from app.domain import incidents, queues
from app.errors import Conflict, Invalid
from app.extensions import htmx
from app.schemas.instance import Reason
from app.web import words
from app.web.access import needs, visitor

blueprint = Blueprint("queues", __name__)
QUEUE = "/queues/<string:name>"
Answer = Response | tuple[str, int]


@blueprint.get("/queues")
@needs("read")
def index() -> str:
    if htmx.wants_partial:
        return render_template("queues/_live.html", asked=None, kept={}, faults={}, **_page())
    return _shown()


def _page() -> dict[str, Any]:
    with transaction.reading() as session:
        found, processes = queues.read_all(session), queues.workers(session)
        troubles = [incidents.facts_of(one, "") for one in incidents.open_incidents(session)]
    unheard = [queue for queue in found if not queue.workers]
    oldest = {
        queue.name: words.length(timedelta(seconds=queue.oldest_seconds))
        for queue in found
        if queue.oldest_seconds is not None
    }
    return {
        "queues": found,
        "workers": processes,
        "unheard": unheard,
        "oldest": oldest,
        "incidents": troubles,
    }


def _shown(asked: str | None = None, faults: dict[str, str] | None = None) -> str:
    kept = request.form if asked else {}
    return render_template(
        "queues/index.html", asked=asked, kept=kept, faults=faults or {}, **_page()
    )


@blueprint.post(f"{QUEUE}/pause")
@needs("operate")
def pause(name: str) -> Answer:
    return _done(queues.pause, name, f"{name} is paused. What is under way ends; the rest waits.")


@blueprint.post(f"{QUEUE}/resume")
@needs("operate")
def resume(name: str) -> Answer:
    return _done(queues.resume, name, f"{name} goes on, the longest due first.")


def _done(verb: Callable[[Session, str, str, str | None], None], name: str, said: str) -> Answer:
    try:
        reason = Reason.read({"reason": request.form.get("reason", "").strip()}).reason
        with transaction.writing() as session:
            verb(session, name, visitor().actor.name, reason or None)
    except Invalid as invalid:
        faults = {error.path: error.message for error in invalid.errors}
        return _shown(f"{verb.__name__}-{name}", faults), invalid.status
    except Conflict as conflict:
        flash(conflict.message, "error")
    else:
        flash(said)
    return redirect(url_for("queues.index"), 303)
