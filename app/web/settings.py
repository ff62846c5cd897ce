"""What this installation is set up for: its channels, and a test for each."""

from typing import Any

from flask import Blueprint, current_app, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from app import transaction
from app.config import Settings
from app.domain import channel_tests, permissions
from app.domain.accounts import PERSONAL
from app.errors import Invalid
from app.extensions import htmx
from app.models.vocabulary import Channel
from app.web import channel_views
from app.web.access import needs, visitor

blueprint = Blueprint("settings", __name__)
_NAMES = ",".join(f"'{channel}'" for channel in Channel)


@blueprint.get("/settings")
@needs("read")
def show() -> str:
    return render_template("settings/show.html", typed="", fault=None, **_page())


def _page() -> dict[str, Any]:
    settings: Settings = current_app.config["SETTINGS"]
    with transaction.reading() as session:
        test = channel_views.shown_test(session, request.args.get("test"))
    return {"channels": channel_views.every(settings), "test": test}


@blueprint.post(f"/settings/test/<any({_NAMES}):channel>")
@needs("operate")
def send_test(channel: str) -> Response | tuple[str, int]:
    """People may send a test to themselves; what leaves for others is an admin's to try."""
    settings: Settings = current_app.config["SETTINGS"]
    who, wanted = visitor(), Channel(channel)
    if wanted not in PERSONAL:
        permissions.require(who.actor, "administer")
    recipient = request.form.get("recipient", "")
    try:
        with transaction.writing() as session:
            test = channel_tests.ask(session, settings, who.actor, who.id, wanted, recipient)
    except Invalid as invalid:
        fault = invalid.errors[0].message
        page = render_template("settings/show.html", typed=recipient, fault=fault, **_page())
        return page, invalid.status
    back = "account.show" if request.form.get("back") == "account" else "settings.show"
    return redirect(url_for(back, test=test, _anchor="test"), 303)


@blueprint.get("/settings/tests/<id:delivery_id>")
@needs("read")
def follow_test(delivery_id: int) -> str | Response:
    """How a test stands; the page asks until it is over."""
    if not htmx.wants_partial:
        return redirect(url_for("settings.show", test=delivery_id, _anchor="test"))
    with transaction.reading() as session:
        test = channel_views.read_test(session, delivery_id)
    return render_template("settings/_test.html", test=test)
