"""Groups: the list, and one with its members and what names it."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, flash, redirect, render_template, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app import transaction
from app.domain import group_uses, groups
from app.errors import Conflict, FieldError, Invalid, RunsheetError
from app.models import User
from app.schemas.people import GroupChange, GroupIn
from app.web import people_lists, schema_forms
from app.web.access import needs, visitor
from app.web.people_forms import NewGroup, NewMember, RenameGroup
from app.web.people_lists import Filters

blueprint = Blueprint("groups", __name__)
GROUP = "/groups/<key:key>"
Answer = Response | tuple[str, int]


@blueprint.get("/groups")
@needs("read")
def index() -> str:
    return _index(NewGroup(formdata=None), [])


@blueprint.post("/groups")
@needs("administer")
def create() -> Answer:
    form = NewGroup()
    try:
        wish = GroupIn.read({"key": (form.key.data or "").strip(), "name": form["name"].data or ""})
        with transaction.writing() as session:
            groups.create(session, wish, visitor().actor)
    except (Invalid, Conflict) as error:
        return _index(form, _give_back(form, error, "key")), error.status
    flash(f"{wish.name} is there. Add its members.")
    return redirect(url_for("groups.show", key=wish.key), 303)


@blueprint.get(GROUP)
@needs("read")
def show(key: str) -> str:
    return _show(key)


@blueprint.post(GROUP)
@needs("administer")
def rename(key: str) -> Answer:
    form = RenameGroup()

    def carry_out(session: Session) -> str:
        wish = GroupChange.read({"name": form["name"].data or ""})
        groups.change(session, key, wish, visitor().actor)
        return f"The group is called {wish.name} now."

    return _answer(key, "rename", form, carry_out)


@blueprint.post(f"{GROUP}/members")
@needs("administer")
def add_member(key: str) -> Answer:
    form = NewMember()

    def carry_out(session: Session) -> str:
        user = groups.add_member(session, key, form.email.data or "", visitor().actor)
        return f"{user.name} is in the group."

    return _answer(key, "member", form, carry_out)


@blueprint.post(f"{GROUP}/members/<id:user_id>/remove")
@needs("administer")
def remove_member(key: str, user_id: int) -> Response:
    with transaction.writing() as session:
        groups.remove_member(session, key, user_id, visitor().actor)
    flash("They are not in the group any more.")
    return redirect(url_for("groups.show", key=key), 303)


@blueprint.post(f"{GROUP}/delete")
@needs("administer")
def delete(key: str) -> Answer:
    try:
        with transaction.writing() as session:
            groups.remove(session, key, visitor().actor)
    except Conflict as error:
        flash(error.message, "error")
        return _show(key), error.status
    flash("The group is gone.")
    return redirect(url_for("groups.index"), 303)


def _answer(key: str, name: str, form: Any, carry_out: Callable[[Session], str]) -> Answer:
    """Do it and lead to the page; what was refused keeps what was typed."""
    try:
        with transaction.writing() as session:
            said = carry_out(session)
    except Invalid as error:
        return _show(key, faults=_give_back(form, error, ""), **{name: form}), error.status
    flash(said)
    return redirect(url_for("groups.show", key=key), 303)


def _give_back(form: Any, error: RunsheetError, place: str) -> list[str]:
    faults = error.errors or [FieldError(place, error.message)]
    return schema_forms.give_back(form, faults)


def _index(form: NewGroup, faults: list[str]) -> str:
    filters = Filters.read("groups.index")
    with transaction.reading() as session:
        found, further = groups.list_groups(
            session, text=filters["q"], before=filters.cursor, limit=people_lists.ROWS
        )
    next_url = filters.url(cursor=further) if further else None
    page = {"groups": found, "filters": filters, "next_url": next_url}
    return render_template("groups/index.html", form=form, faults=faults, **page)


def _show(key: str, **more: Any) -> str:
    with transaction.reading() as session:
        group = groups.read(session, key)
        page = {
            "group": group,
            "uses": group_uses.of(session, key),
            "people": _people(session, {member.id for member in group.members}),
            "rename": RenameGroup(formdata=None, name=group.name),
            "member": NewMember(formdata=None),
            "faults": [],
        }
    return render_template("groups/show.html", **page | more)


def _people(session: Session, without: set[int]) -> list[Any]:
    """Whom one may add: address and name, for the field to suggest."""
    query = select(User.id, User.email, User.name).where(User.active).order_by(User.name)
    return [row for row in session.execute(query.limit(1000)) if row.id not in without]
