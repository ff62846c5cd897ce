"""The HTML of mails, for the frames in which pages show it."""

import re

from flask import Blueprint, Response, make_response, request

from app import transaction
from app.domain import drafts, queries
from app.errors import Forbidden, NotFound
from app.schemas.instance import StepOut
from app.web import editor_previews, previews
from app.web.access import needs
from app.web.template_views import find_step, read_template
from app.web.version_lists import number_of

blueprint = Blueprint("mail_frames", __name__)
# What an author wrote is shown as mail programs show it: no script, nothing loaded from anywhere,
# in a frame of its own that has no part in this site.
CSP = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox; frame-ancestors 'self'"
)


def framed(html: str) -> Response:
    """A mail's HTML, or nothing, as an answer that may stand in a frame of ours. Raises Forbidden
    where a browser would show it as a page: only the frame keeps its scripts from running in one
    that does not know the policy."""
    if request.headers.get("Sec-Fetch-Dest") == "document":
        raise Forbidden("The HTML of a mail is shown in its frame alone: open the page around it.")
    response = make_response(html)
    response.headers["Content-Security-Policy"] = CSP
    response.headers["X-Frame-Options"] = "SAMEORIGIN"
    return response


@blueprint.get("/templates/<id:template_id>/steps/<key:key>/mail")
@needs("read")
def of_template(template_id: int, key: str) -> Response:
    """What a step would send, with made-up input or that of an instance (`?instance=`;
    `?version=`: of another version than the newest)."""
    with transaction.reading() as session:
        template = read_template(session, template_id, number_of(request.args.get("version")))
        occasion = previews.occasion(session, template, request.args.get("instance", ""))
    preview = previews.of_template_step(find_step(template, key), occasion)
    return framed(_html(preview.shown if preview else None))


@blueprint.get("/templates/<id:template_id>/edit/steps/<key:key>/mail")
@needs("edit templates")
def of_draft(template_id: int, key: str) -> Response:
    """What a step would send as it is being written. `?revision=` is for the browser alone: the
    frame is drawn anew when something was saved."""
    with transaction.reading() as session:
        shown = editor_previews.of_step(session, drafts.read(session, template_id), key)
    return framed(_html(shown.preview.shown if shown else None))


@blueprint.get("/instances/<id:instance_id>/steps/<key:key>/mail")
@needs("read")
def of_instance(instance_id: int, key: str) -> Response:
    """What a step would send, or what an attempt sent (`?attempt=`, its place in the log)."""
    place = request.args.get("attempt")
    with transaction.reading() as session:
        instance = queries.read_instance(session, instance_id)
        step = next((step for step in instance.steps if step.key == key), None)
        if step is None:
            raise NotFound("There is no such step.")
        if place is not None:
            return framed(_html(_sent(step, place)))
        preview = previews.of_instance_step(session, instance, step)
    return framed(_html(preview.shown if preview else None))


def _sent(step: StepOut, place: str) -> dict[str, object] | None:
    attempts = dict(enumerate(step.automation_log, start=1))
    if not re.fullmatch("[1-9][0-9]{0,8}", place) or int(place) not in attempts:
        raise NotFound("There is no such attempt.")
    return attempts[int(place)].request


def _html(mail: dict[str, object] | None) -> str:
    if not mail or not mail.get("html"):
        raise NotFound("There is no mail with HTML.")
    return str(mail["html"])
