"""A person's own page: who they are here, how they are told, and which browsers take messages."""

from pathlib import Path
from typing import Any

from flask import (
    Blueprint,
    current_app,
    flash,
    redirect,
    render_template,
    request,
    url_for,
)
from flask_wtf import FlaskForm
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response
from wtforms import SelectField, SelectMultipleField, StringField
from wtforms.fields.choices import SelectChoice  # pyright: ignore[reportAttributeAccessIssue]

from app import transaction
from app.config import Settings
from app.domain import accounts, push, sessions
from app.domain.addresses import AllowList
from app.domain.wall_time import zone_names, zone_of
from app.errors import FieldError, Invalid
from app.models import User
from app.models.vocabulary import Theme
from app.schemas.account import AccountIn, BrowserIn
from app.schemas.base import gather
from app.web import channel_views, schema_forms
from app.web.access import EVERYBODY, needs, visitor
from app.web.browsers import browser_name
from app.web.people_forms import ChangePassword
from app.web.schema_forms import Required

blueprint = Blueprint("account", __name__)
THEMES = [
    SelectChoice(Theme.SYSTEM, "as the system says"),
    SelectChoice(Theme.LIGHT, "light"),
    SelectChoice(Theme.DARK, "dark"),
]


class Account(FlaskForm):
    """`channels` are the ones that are on; the rules are AccountIn's."""

    name = StringField("Name", [Required()], render_kw={"autocomplete": "name"})
    phone = StringField(
        "Phone",
        description="For SMS, with the country's code: +49 151 12345678.",
        render_kw={"type": "tel", "autocomplete": "tel"},
    )
    channels = SelectMultipleField("Tell me", choices=[], validate_choice=False)
    zone = StringField(
        "Time zone",
        description="For times in what is sent to you, such as Europe/Berlin. Empty: UTC.",
        render_kw={"list": "zones", "autocomplete": "off", "spellcheck": "false"},
    )
    theme = SelectField("Theme", [Required()], choices=THEMES, validate_choice=False)


@blueprint.get("/account")
@needs("read")
def show() -> str:
    return page()


@blueprint.post("/account")
@needs("read")
def save() -> Response | tuple[str, int]:
    form = Account()
    try:
        wish = _wish(form)
        with transaction.writing() as session:
            accounts.change(session, visitor().id, wish)
    except Invalid as invalid:
        faults = schema_forms.give_back(form, [_as_typed(error) for error in invalid.errors])
        return page(form=form, faults=faults), 422
    flash("Your account is saved.")
    return redirect(url_for("account.show"), 303)


def _wish(form: Account) -> AccountIn:
    on = form.channels.data or []
    off = [channel for channel in accounts.PERSONAL if channel not in on]
    said = {"name": form["name"].data or "", "phone": form.phone.data, "channelsOff": off}
    said |= {"timeZone": form.zone.data, "theme": form.theme.data or Theme.SYSTEM}
    gather(lambda: AccountIn.read(said), lambda: _check_zone(form.zone.data or ""))
    return AccountIn.read(said)


def _check_zone(name: str) -> None:
    try:
        zone_of(name or "UTC")
    except ValueError as fault:
        raise Invalid.at("zone", str(fault)) from None


def _as_typed(error: FieldError) -> FieldError:
    for path, name in (("channelsOff", "channels"), ("timeZone", "zone")):
        if error.path.startswith(path):
            return FieldError(name, error.message)
    return error


def page(**more: Any) -> str:
    """The page, with what `more` says of its forms."""
    with transaction.reading() as session:
        return render_template("account/show.html", **_page(session) | more)


def _form(user: User) -> Account:
    off = user.channels_off or ()
    on = [channel for channel in accounts.PERSONAL if channel not in off]
    return Account(
        formdata=None,
        name=user.name,
        phone=user.phone,
        channels=on,
        zone=user.time_zone,
        theme=user.theme,
    )


def _page(session: Session) -> dict[str, Any]:
    settings: Settings = current_app.config["SETTINGS"]
    user = session.get_one(User, visitor().id)
    key, browsers = settings.vapid_private_key, accounts.browsers_of(session, visitor().id)
    return {
        "user": user,
        "form": _form(user),
        "faults": [],
        "password": ChangePassword(formdata=None),
        "password_faults": [],
        "places": sessions.of_person(session, user.id),
        "zones": sorted(zone_names()),
        "channels": channel_views.personal(settings, user, browsers=bool(browsers)),
        "browsers": browsers,
        "push_key": push.public_key(key) if key else None,
        "test": channel_views.shown_test(session, request.args.get("test")),
    }


@blueprint.post("/account/browsers")
@needs("read")
def add_browser() -> Response:
    """This browser asks to be told; its script has filled the form in."""
    settings: Settings = current_app.config["SETTINGS"]
    names = ("endpoint", "p256dh", "auth")
    try:
        wish = BrowserIn.read({name: request.form.get(name, "") for name in names})
        with transaction.writing() as session:
            called = browser_name(request.headers.get("User-Agent", ""))
            allow = AllowList.parse(settings.outbound_allow)
            accounts.add_browser(session, visitor().id, wish, called, allow)
    except Invalid as invalid:
        flash(f"This browser can't be told: {invalid.errors[0].message}", "error")
    else:
        flash("This browser will be told. Send a test to see how it looks.")
    return redirect(url_for("account.show", _anchor="browsers"), 303)


@blueprint.post("/account/browsers/<id:subscription_id>/forget")
@needs("read")
def forget_browser(subscription_id: int) -> Response:
    with transaction.writing() as session:
        accounts.remove_browser(session, visitor().id, subscription_id)
    flash("That browser is told no more.")
    return redirect(url_for("account.show", _anchor="browsers"), 303)


@blueprint.get("/push-worker.js")
@needs(EVERYBODY)
def push_worker() -> Response:
    """The service worker. It stands at the root, since it may serve only what lies below it."""
    code = (Path(current_app.static_folder or "") / "js" / "push-worker.js").read_text()
    headers = {"Service-Worker-Allowed": "/", "Cache-Control": "no-cache"}
    return Response(code, headers=headers, mimetype="text/javascript")
