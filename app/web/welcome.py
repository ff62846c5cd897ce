"""Where invitations and password links lead: somebody sets their password, once."""

from flask import Blueprint, flash, make_response, redirect, render_template, url_for
from werkzeug.wrappers import Response

from app import transaction
from app.domain import account_links, people
from app.errors import Invalid, NotFound
from app.models.vocabulary import LinkPurpose
from app.schemas.base import gather
from app.schemas.people import WelcomeIn
from app.web import auth, people_forms, schema_forms
from app.web.access import EVERYBODY, needs
from app.web.people_forms import Welcome

blueprint = Blueprint("welcome", __name__)
WELCOME = "/welcome/<token:token>"


@blueprint.get(WELCOME)
@needs(EVERYBODY)
def show(token: str) -> Response:
    """Looking does not use the link up."""
    return _show(token, None, [], 200)


@blueprint.post(WELCOME)
@needs(EVERYBODY)
def accept(token: str) -> Response:
    form = Welcome()
    try:
        with transaction.reading() as database:
            account_links.read(database, token)  # nobody's password is hashed for nothing
        wish, password_hash = _wish(form)
        with transaction.writing() as database:
            user = account_links.accept(database, token, wish, password_hash)
    except Invalid as error:
        return _show(token, form, schema_forms.give_back(form, error.errors), error.status)
    except NotFound as error:
        return _nowhere(error)
    auth.leave()  # whoever was signed in here before
    flash("Your password is set. Sign in with it.")
    return redirect(url_for("auth.sign_in", email=user.email), 303)


def _wish(form: Welcome) -> tuple[WelcomeIn, str]:
    """What they are called, and what is kept of their password. Raises Invalid."""
    said = {"name": form["name"].data or ""}
    gather(
        lambda: WelcomeIn.read(said),
        lambda: people.check_password(form.password.data or ""),
        lambda: people_forms.chosen_password(form),
    )
    return WelcomeIn.read(said), people.hash_password(people_forms.chosen_password(form))


def _show(token: str, form: Welcome | None, faults: list[str], status: int) -> Response:
    try:
        with transaction.reading() as database:
            link, user = account_links.read(database, token)
            form = form or Welcome(formdata=None, name=user.name)
            invited = link.purpose == LinkPurpose.INVITATION
            page = {"user": user, "invited": invited, "form": form, "faults": faults}
            answer = make_response(render_template("welcome/show.html", **page), status)
    except NotFound as error:
        return _nowhere(error)
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["Referrer-Policy"] = "no-referrer"  # the address is the secret
    return answer


def _nowhere(error: NotFound) -> Response:
    return make_response(render_template("welcome/nowhere.html", why=error.message), error.status)
