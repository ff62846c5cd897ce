"""People as admins manage them: the list, inviting, and one person's rights."""

from typing import Any

from flask import Blueprint, current_app, flash, make_response, redirect, render_template, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app import transaction
from app.domain import assignments, channels, sessions, users
from app.domain.account_links import Link
from app.domain.fanout import NotReady
from app.errors import Conflict, FieldError, Forbidden, Invalid, RunsheetError
from app.models import User
from app.models.vocabulary import Role
from app.schemas.people import Because, UserChange, UserIn
from app.web import people_lists, schema_forms
from app.web.access import needs, visitor
from app.web.moves import typed
from app.web.people_forms import ChangePerson, Invite
from app.web.people_lists import Filters

blueprint = Blueprint("users", __name__)
USER = "/users/<id:user_id>"
Answer = Response | tuple[str, int]
_PLACES = {"mayAddAutomation": "may"}


@blueprint.get("/users")
@needs("administer")
def index() -> str:
    return _index(Invite(formdata=None), [])


@blueprint.post("/users")
@needs("administer")
def invite() -> Answer:
    form = Invite()
    try:
        wish = UserIn.read(
            _rights(form) | {"email": form.email.data or "", "name": form["name"].data or ""}
        )
        with transaction.writing() as session:
            user, link = users.invite(session, wish, visitor().actor, not_ready())
    except (Invalid, Conflict) as error:
        return _index(form, _give_back(form, error)), error.status
    return _shown_once(user, link)


@blueprint.get(USER)
@needs("administer")
def show(user_id: int) -> str:
    return _show(user_id)


@blueprint.post(USER)
@needs("administer")
def change(user_id: int) -> Answer:
    form = ChangePerson()
    try:
        wish = UserChange.read(_rights(form))
        with transaction.writing() as session:
            user = users.change(session, user_id, wish, visitor().actor)
    except (Invalid, Conflict, Forbidden) as error:
        return _show(user_id, form=form, faults=_give_back(form, error)), error.status
    flash(f"{user.name} is {user.role} now.")
    return redirect(url_for("users.show", user_id=user_id), 303)


@blueprint.post(f"{USER}/link")
@needs("administer")
def make_link(user_id: int) -> Response:
    with transaction.writing() as session:
        link = users.new_link(session, user_id, visitor().actor, not_ready())
        user = users.find(session, user_id)
    return _shown_once(user, link)


@blueprint.post(f"{USER}/deactivate")
@needs("administer")
def deactivate(user_id: int) -> Answer:
    try:
        with transaction.writing() as session:
            user = users.deactivate(session, user_id, visitor().actor, _reason())
    except (Conflict, Forbidden) as error:
        return _show(user_id, faults=[error.message]), error.status
    flash(f"{user.name} may not come any more, and is signed out everywhere.")
    return redirect(url_for("users.show", user_id=user_id), 303)


@blueprint.post(f"{USER}/reactivate")
@needs("administer")
def reactivate(user_id: int) -> Response:
    with transaction.writing() as session:
        user = users.reactivate(session, user_id, visitor().actor, _reason())
    flash(f"{user.name} may come again.")
    return redirect(url_for("users.show", user_id=user_id), 303)


def _reason() -> str:
    return Because.read({"reason": typed("reason")}).reason


def _rights(form: Invite | ChangePerson) -> dict[str, Any]:
    return {
        "role": form.role.data,
        "mayAddAutomation": bool(form.may.data),
        "reason": form.reason.data or "",
    }


def _give_back(form: Any, error: RunsheetError) -> list[str]:
    """Put each fault at its field; a conflict about an address belongs there."""
    place = "email" if isinstance(error, Conflict) else ""
    faults = error.errors or [FieldError(place, error.message)]
    return schema_forms.give_back(
        form, [FieldError(_PLACES.get(one.path, one.path), one.message) for one in faults]
    )


def _index(form: Invite, faults: list[str]) -> str:
    filters = Filters.read("users.index", role=tuple(Role), state=users.STATES)
    with transaction.reading() as session:
        found, further = users.list_users(
            session,
            text=filters["q"],
            role=filters["role"],
            state=filters["state"],
            before=filters.cursor,
            limit=people_lists.ROWS,
        )
    page = {"users": found, "filters": filters, "form": form, "faults": faults, "roles": Role}
    next_url = filters.url(cursor=further) if further else None
    return render_template("users/index.html", **page, next_url=next_url, mails=_mails())


def _show(
    user_id: int, *, form: ChangePerson | None = None, faults: list[str] | None = None
) -> str:
    with transaction.reading() as session:
        page = _page(session, user_id)
        row = page["user"]
        form = form or ChangePerson(formdata=None, role=row.role, may=row.may_add_automation)
        return render_template("users/show.html", form=form, faults=faults or [], **page)


def _page(session: Session, user_id: int) -> dict[str, Any]:
    row = users.find(session, user_id)
    steps = users.open_steps(session, row)
    return {
        "user": users.read(session, user_id),
        "open_steps": steps,
        "and_more": len(steps) == assignments.MOST_STEPS,
        "tokens": users.tokens_of(session, row),
        "places": sessions.of_person(session, user_id),
        "mails": _mails(),
    }


def _shown_once(user: User, link: Link) -> Response:
    """The answer to the form itself: sent on, the link would have to be kept somewhere."""
    page = make_response(render_template("users/link.html", user=user, link=link))
    page.headers["Cache-Control"] = "no-store"
    return page


def _mails() -> bool:
    return "EMAIL" not in not_ready()


def not_ready() -> NotReady:
    return channels.not_ready(current_app.config["SETTINGS"])
