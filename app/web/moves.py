"""Answering the forms of actions, the same for steps and instances. With htmx the page's live part
comes back; without, the page. What was refused keeps what was typed."""

from collections.abc import Callable
from dataclasses import dataclass

from flask import flash, make_response, redirect, render_template, request
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app import transaction
from app.errors import Conflict, Invalid, Malformed, RunsheetError
from app.extensions import htmx
from app.models.vocabulary import ActionState
from app.web import places, sentences, view_models
from app.web.access import visitor
from app.web.places import Place

DONE = {
    "start": "{} is yours: others see that it is in hand.",
    "complete": "{} is completed.",
    "fail": "{} is marked as failed.",
    "retry": "{} will be tried again at once, under the same key.",
    "skip": "{} is skipped.",
    "replay": "{} is sent once more, under a new key.",
    "run-now": "The next try of {} is due now.",
    "reschedule": "{} has another time.",
    "skip-occurrence": "One run of {} is skipped.",
    "stop-recurrence": "{} does not recur any more.",
    "pause": "{} is paused: nothing new starts.",
    "resume": "{} goes on.",
    "cancel": "{} is cancelled.",
}

WAITS_AGAIN = "{} waits for a call again, at the same URL."


@dataclass(frozen=True, slots=True)
class Move:
    """What somebody asked for: a verb on an instance, or on one of its steps."""

    instance_id: int
    verb: str
    key: str | None = None

    @property
    def form(self) -> str:
        """The start of the ids of its form on the page (instances/_action.html)."""
        return "-".join(filter(None, ["act", self.key, self.verb]))


def typed(name: str) -> str:
    """What stands in a field of the form, with the line breaks of Unix."""
    return request.form.get(name, "").replace("\r\n", "\n").strip()


def answer(move: Move, carry_out: Callable[[Session], None]) -> Response:
    """Carry a move out in a transaction and show what has become of it."""
    place = places.sender(move.instance_id)
    if move.key is not None:
        place = Place(move.key, place.view, place.oldest)
    try:
        with transaction.writing() as session:
            carry_out(session)
    except (Conflict, Invalid, Malformed) as error:
        return _refused(move, place, error)
    return _done(move, place)


def _done(move: Move, place: Place) -> Response:
    with transaction.reading() as session:
        page = view_models.page(session, move.instance_id, place, visitor())
    name = page["step"].name if move.key else page["instance"].title
    waits = page["step"] and page["step"].action_state == ActionState.WAITING
    said = WAITS_AGAIN if waits and move.verb == "retry" else DONE[move.verb]
    flash(said.format(name))
    if htmx.wants_partial:
        return make_response(render_template("instances/move.htmx.html", **page))
    return redirect(place.url(move.instance_id), 303)


def _refused(move: Move, place: Place, error: RunsheetError) -> Response:
    flash(sentences.refusal(error), "error")
    if htmx.wants_partial:
        return make_response(render_template("_toasts.htmx.html"), error.status)
    with transaction.reading() as session:
        page = view_models.page(session, move.instance_id, place, visitor())
    shown = page["step"] if move.key else page["instance"]
    kept = {
        name: text for name in ("at", "occurrence", "reason", "output") if (text := typed(name))
    }
    if move.verb in shown.allowed_actions:
        page["typed"] = {move.form: kept}
    elif kept:  # its form is gone: the words must not go with it
        flash("You had written: " + " · ".join(kept.values()), "error")
    return make_response(render_template("instances/show.html", **page), error.status)
