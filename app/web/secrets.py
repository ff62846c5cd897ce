"""Secrets: the list, and a page of each to rotate, bind and delete it. Values are typed and never
shown, but for one that was made here, once."""

from typing import Any

from flask import Blueprint, current_app, flash, make_response, redirect, render_template, url_for
from werkzeug.wrappers import Response

from app import transaction
from app.domain import secrets
from app.domain.keyring import Keyring
from app.errors import Conflict, Invalid, RunsheetError
from app.web import secret_forms
from app.web.access import needs, visitor
from app.web.secret_forms import NewSecret, NewValue, Places

blueprint = Blueprint("secrets", __name__)
SECRET = "/secrets/<secret:name>"  # noqa: S105 - a route
MOST = 500


@blueprint.get("/secrets")
@needs("edit templates")
def index() -> str:
    return _index(NewSecret(formdata=None), [])


@blueprint.post("/secrets")
@needs("manage secrets")
def create() -> Response | tuple[str, int]:
    form = NewSecret()
    value, made = secret_forms.typed_value(form)
    try:
        wish = secret_forms.new_secret(form, value)
        with transaction.writing() as session:
            secrets.create(session, keyring(), wish, visitor().actor.name)
    except (Invalid, Conflict) as error:
        return _index(form, secret_forms.give_back(form, error)), error.status
    if made:
        return _shown_once(wish.name, value)
    flash(f"{wish.name} can be used. Its value is not shown again.")
    return redirect(url_for("secrets.show", name=wish.name), 303)


@blueprint.get(SECRET)
@needs("edit templates")
def show(name: str) -> str:
    return _show(name)


@blueprint.post(f"{SECRET}/rotate")
@needs("manage secrets")
def rotate(name: str) -> Response | tuple[str, int]:
    form = NewValue()
    value, made = secret_forms.typed_value(form)
    try:
        wish = secret_forms.new_value(form, value)
        with transaction.writing() as session:
            secrets.rotate(session, keyring(), name, wish, visitor().actor.name)
    except Invalid as invalid:
        return _refused(name, form, invalid, rotating=form)
    if made:
        return _shown_once(name, value)
    flash(f"{name} has a new value.")
    return redirect(url_for("secrets.show", name=name), 303)


@blueprint.post(f"{SECRET}/hosts")
@needs("manage secrets")
def bind(name: str) -> Response | tuple[str, int]:
    form = Places()
    try:
        with transaction.writing() as session:
            secrets.bind(session, name, secret_forms.hosts(form), visitor().actor.name)
    except Invalid as invalid:
        return _refused(name, form, invalid, places=form)
    flash(f"Where {name} may be sent is saved.")
    return redirect(url_for("secrets.show", name=name), 303)


@blueprint.post(f"{SECRET}/delete")
@needs("manage secrets")
def delete(name: str) -> Response:
    with transaction.writing() as session:
        secrets.delete(session, name, visitor().actor.name)
    flash(f"{name} is gone.")
    return redirect(url_for("secrets.index"), 303)


def _index(form: NewSecret, faults: list[str]) -> str:
    with transaction.reading() as session:
        found, _ = secrets.list_secrets(session, limit=MOST)
    rows = sorted(found, key=lambda secret: secret.name.lower())
    page = {"secrets": rows, "form": form, "faults": faults, "ring": keyring()}
    return render_template("secrets/index.html", **page)


def _show(name: str, *, faults: list[str] | None = None, **forms: Any) -> str:
    with transaction.reading() as session:
        secret = secrets.read(session, name)
    page = {
        "rotating": NewValue(formdata=None),
        "places": Places(formdata=None, hosts="\n".join(secret.hosts)),
        "ring": keyring(),
        "faults": faults or [],
    }
    return render_template("secrets/show.html", secret=secret, **page | forms)


def _refused(name: str, form: Any, error: RunsheetError, **forms: Any) -> tuple[str, int]:
    return _show(name, faults=secret_forms.give_back(form, error), **forms), error.status


def _shown_once(name: str, value: str) -> Response:
    """The answer to the form itself: sent on, the value would have to be kept somewhere."""
    page = make_response(render_template("secrets/made.html", name=name, value=value))
    page.headers["Cache-Control"] = "no-store"
    return page


def keyring() -> Keyring:
    return Keyring.parse(current_app.config["SETTINGS"].encryption_keys)
