"""API tokens: the list, making one, which is shown once, and revoking it."""

from flask import Blueprint, flash, make_response, redirect, render_template, url_for
from werkzeug.wrappers import Response

from app import transaction
from app.domain import tokens
from app.errors import FieldError, Invalid
from app.schemas.base import gather
from app.schemas.people import Because, TokenIn
from app.web import people_forms, people_lists, schema_forms
from app.web.access import needs, visitor
from app.web.moves import typed
from app.web.people_forms import NewToken
from app.web.people_lists import Filters

blueprint = Blueprint("tokens", __name__)
_PLACES = {"mayAddAutomation": "may", "expiresAt": "until"}


@blueprint.get("/tokens")
@needs("administer")
def index() -> str:
    return _index(NewToken(formdata=None), [])


@blueprint.post("/tokens")
@needs("administer")
def create() -> Response | tuple[str, int]:
    form = NewToken()
    try:
        wish = _wish(form)
        with transaction.writing() as session:
            made, token = tokens.create(session, wish, visitor().actor.name)
    except Invalid as error:
        faults = [FieldError(_PLACES.get(one.path, one.path), one.message) for one in error.errors]
        return _index(form, schema_forms.give_back(form, faults)), error.status
    page = make_response(render_template("tokens/made.html", made=made, token=token))
    page.headers["Cache-Control"] = "no-store"
    return page


@blueprint.post("/tokens/<id:token_id>/revoke")
@needs("administer")
def revoke(token_id: int) -> Response:
    reason = Because.read({"reason": typed("reason")}).reason
    with transaction.writing() as session:
        row = tokens.revoke(session, token_id, visitor().actor.name, reason)
    flash(f"{row.name} is revoked: whoever sends it is refused from now on.")
    return redirect(url_for("tokens.index"), 303)


def _wish(form: NewToken) -> TokenIn:
    """Raises Invalid, with all faults at once."""
    said = {"name": form["name"].data or "", "role": form.role.data}
    said |= {"mayAddAutomation": bool(form.may.data)}
    gather(lambda: TokenIn.read(said), lambda: people_forms.moment(form))
    return TokenIn.read(said | {"expiresAt": people_forms.moment(form)})


def _index(form: NewToken, faults: list[str]) -> str:
    filters = Filters.read("tokens.index", state=("valid", "ended"))
    with transaction.reading() as session:
        found, further = tokens.list_tokens(
            session,
            text=filters["q"],
            state=filters["state"],
            before=filters.cursor,
            limit=people_lists.ROWS,
        )
    next_url = filters.url(cursor=further) if further else None
    page = {"tokens": found, "filters": filters, "next_url": next_url}
    return render_template("tokens/index.html", form=form, faults=faults, **page)
