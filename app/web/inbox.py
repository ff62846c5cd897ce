"""The bell: what the reader was told in the console."""

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from app import transaction
from app.domain import inbox
from app.extensions import htmx
from app.web.access import needs, visitor

blueprint = Blueprint("inbox", __name__)


@blueprint.get("/inbox")
@needs("read")
def index() -> str:
    cursor = request.args.get("cursor", "")
    before = int(cursor) if cursor.isascii() and cursor.isdigit() and len(cursor) <= 18 else None
    with transaction.reading() as session:
        messages, further = inbox.list_messages(session, visitor().id, before=before)
        more = url_for("inbox.index", cursor=further) if further else None
        page = "inbox/_list.html" if htmx.wants_partial else "inbox/index.html"
        return render_template(page, messages=messages, next_url=more, newest=before is None)


@blueprint.get("/inbox/bell")
@needs("read")
def bell() -> str | Response:
    """The number at the bell; the page asks for it now and then."""
    if not htmx.wants_partial:
        return redirect(url_for("inbox.index"))
    with transaction.reading() as session:
        return render_template("_bell.html", unread=inbox.unread(session, visitor().id))


@blueprint.post("/inbox/<id:message_id>")
@needs("read")
def open_message(message_id: int) -> Response:
    """Mark one read and go where it leads."""
    with transaction.writing() as session:
        href = inbox.read(session, visitor().id, message_id).href
    return redirect(href if href.startswith("/") and not href.startswith("//") else "/", 303)


@blueprint.post("/inbox/read")
@needs("read")
def read_all() -> Response:
    newest = request.form.get("newest", "")
    with transaction.writing() as session:
        if newest.isascii() and newest.isdigit() and len(newest) <= 18:
            inbox.read_all(session, visitor().id, int(newest))
    return redirect(url_for("inbox.index"), 303)
