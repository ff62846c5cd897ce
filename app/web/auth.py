"""Coming and going: the sign-in form, the one-time link, signing out."""

from urllib.parse import urlsplit

from flask import (
    Blueprint,
    flash,
    make_response,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask_login import current_user, login_user
from flask_wtf import FlaskForm
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response
from wtforms import PasswordField, StringField
from wtforms.validators import InputRequired

from app import transaction
from app.domain import people, sessions
from app.errors import TooManyTries, Unauthorized
from app.models import User
from app.web.access import EVERYBODY, find_visitor, needs, visitor
from app.web.browsers import browser_name

blueprint = Blueprint("auth", __name__)
WRONG = "This email and password do not fit together."


class SignIn(FlaskForm):
    email = StringField("Email", [InputRequired()], render_kw={"autocomplete": "username"})
    password = PasswordField(
        "Password", [InputRequired()], render_kw={"autocomplete": "current-password"}
    )


@blueprint.route("/sign-in", methods=["GET", "POST"])
@needs(EVERYBODY)
def sign_in() -> Response:
    form, status = SignIn(email=request.args.get("email", "")[:254]), 200
    if request.method == "GET" and current_user.is_authenticated:
        return redirect(local_path(request.args.get("next")))
    if form.validate_on_submit():
        try:
            if _sign_in(form):
                return redirect(local_path(request.args.get("next")), 303)
            fault, status = WRONG, Unauthorized.status
        except TooManyTries as error:
            fault, status = error.message, error.status
        form.password.errors = [fault]
    return make_response(render_template("auth/sign_in.html", form=form), status)


def _sign_in(form: SignIn) -> bool:
    email, password = (form.email.data or "").replace("\x00", ""), form.password.data or ""
    address = request.remote_addr or "unknown"
    with transaction.reading() as database:
        known = people.hash_to_check(database, email, address)
    fits = people.password_fits(known, password)
    with transaction.writing() as database:  # a failure is written down too
        user = people.sign_in(database, email, address, fits=fits, known=known)
        carried = _begin(database, user) if user else None
    if carried is None:
        return False
    enter(carried)
    return True


def _begin(database: Session, user: User) -> str:
    browser = browser_name(request.headers.get("User-Agent", ""))
    return sessions.begin(database, user.id, browser, request.remote_addr or "unknown")


@blueprint.get("/sign-in/link/<token>")
@needs(EVERYBODY)
def link(token: str) -> Response:
    """Signs in at once, and only once; who looks ahead (HEAD, prefetch) does not use it up."""
    if request.method == "HEAD" or "prefetch" in request.headers.get("Sec-Purpose", ""):
        return Response(status=204)
    try:
        carried, next_path = _use(token)
    except Unauthorized as error:
        if current_user.is_authenticated:  # the link was opened twice
            return redirect(url_for("dashboard.show"))
        flash(error.message, "error")
        page = render_template("auth/sign_in.html", form=SignIn(formdata=None))
        return make_response(page, error.status)
    enter(carried)
    return redirect(local_path(next_path), 303)


def _use(token: str) -> tuple[str, str]:
    with transaction.writing() as database:
        user, next_path = people.use_sign_in_link(database, token)
        return _begin(database, user), next_path


@blueprint.post("/sign-out")
@needs("read")
def sign_out() -> Response:
    """Here; a copy of the cookie is worth nothing any more either."""
    leave()
    flash("You are signed out.")
    response = redirect(url_for("auth.sign_in"), 303)
    response.headers["Clear-Site-Data"] = '"cache"'
    return response


def enter(carried: str) -> None:
    """A session of their own, nothing of the one before. Raises Unauthorized if it has ended
    already."""
    leave()
    who = find_visitor(carried)
    if who is None:
        raise Unauthorized("This sign-in has ended already. Sign in again.")
    session.permanent = True
    login_user(who)


def leave() -> None:
    """End the session of whoever is signed in here, so that no copy of its cookie outlives it."""
    if current_user.is_authenticated:
        with transaction.writing() as database:
            sessions.end(database, visitor().id, visitor().session_id)
    session.clear()


def local_path(wanted: str | None) -> str:
    """Where to go after signing in: a path of ours, never another site."""
    home = url_for("dashboard.show")
    if not wanted or not wanted.startswith("/"):
        return home
    # Browsers read a backslash as a slash, and drop tabs and line breaks.
    if wanted[1:2] in ("/", "\\") or "\\" in wanted or any(ord(char) < 32 for char in wanted):
        return home
    try:
        parts = urlsplit(wanted)
    except ValueError:
        return home
    return home if parts.scheme or parts.netloc else wanted
