"""What keeps a person's account theirs: their password, where they are signed in; and the look
that follows them from browser to browser."""

from flask import Blueprint, flash, redirect, request, url_for
from werkzeug.wrappers import Response

from app import transaction
from app.domain import accounts, people, sessions
from app.errors import Invalid, RunsheetError, TooManyTries
from app.extensions import htmx
from app.models.vocabulary import Theme
from app.schemas.base import gather
from app.web import account, people_forms
from app.web.access import needs, visitor
from app.web.people_forms import ChangePassword
from app.web.schema_forms import give_back

blueprint = Blueprint("account_security", __name__)


@blueprint.post("/account/password")
@needs("read")
def change_password() -> Response | tuple[str, int]:
    form = ChangePassword()
    try:
        _change(form)
    except (Invalid, TooManyTries) as error:
        return _refused(form, error)
    flash("Your password is changed. Everywhere else you are signed out.")
    return redirect(url_for("account.show"), 303)


def _change(form: ChangePassword) -> None:
    """Raises Invalid, or TooManyTries: whoever sits at a browser that was left open may not guess
    more often than at the sign-in."""
    who, address = visitor(), request.remote_addr or "unknown"
    with transaction.reading() as session:
        known = people.hash_to_check(session, who.email, address)
    if not people.password_fits(known, form.old.data or ""):
        with transaction.writing() as session:
            accounts.wrong_password(session, who.id, address)
        raise Invalid.at("old", "This is not your present password.")
    gather(
        lambda: people.check_password(form.password.data or ""),
        lambda: people_forms.chosen_password(form),
    )
    password_hash = people.hash_password(form.password.data or "")
    with transaction.writing() as session:
        accounts.change_password(session, who.id, password_hash, who.session_id, known)


def _refused(form: ChangePassword, error: RunsheetError) -> tuple[str, int]:
    others = give_back(form, error.errors)
    if not error.errors:
        others = [error.message]
    return account.page(password=form, password_faults=others), error.status


@blueprint.post("/account/sessions/<id:session_id>/end")
@needs("read")
def end_session(session_id: int) -> Response:
    who = visitor()
    with transaction.writing() as session:
        sessions.end(session, who.id, session_id)
    if session_id == who.session_id:
        return redirect(url_for("auth.sign_in"), 303)
    flash("That browser is signed out.")
    return redirect(url_for("account.show", _anchor="sessions"), 303)


@blueprint.post("/account/sessions/end-others")
@needs("read")
def end_others() -> Response:
    with transaction.writing() as session:
        ended = sessions.end_others(session, visitor().id, visitor().session_id)
    flash(f"{ended} other browser{' is' if ended == 1 else 's are'} signed out.")
    return redirect(url_for("account.show", _anchor="sessions"), 303)


@blueprint.post("/account/theme")
@needs("read")
def choose_theme() -> Response:
    """The switch in the bar; its script has changed the page already."""
    wanted = request.form.get("theme", "")
    if wanted not in list(Theme):
        raise Invalid.at("theme", f"A theme is one of {', '.join(Theme)}.")
    with transaction.writing() as session:
        accounts.choose_theme(session, visitor().id, Theme(wanted))
    return Response(status=204) if htmx.wants_partial else redirect(url_for("account.show"), 303)
