"""/groups: people who share tasks and are told together."""

from flask import Blueprint, url_for

from app.api.endpoint import Ask, endpoint
from app.api.parameters import NamedPage
from app.api.preconditions import mark_of, marked, require
from app.api.rendering import Reply, made, ok, page
from app.domain import groups
from app.schemas.people import GroupChange, GroupIn, GroupOut, MemberIn

blueprint = Blueprint("api_groups", __name__)
GROUP = "/groups/<key:key>"


@blueprint.get("/groups")
@endpoint(
    "List groups with their members, newest first",
    permission="read",
    gives=GroupOut,
    many=True,
    query=NamedPage,
)
def list_groups(ask: Ask[None]) -> Reply:
    wanted: NamedPage = ask.query
    found = groups.list_groups(ask.session, text=wanted.q, before=wanted.cursor, limit=wanted.limit)
    return page(*found)


@blueprint.post("/groups")
@endpoint(
    "Create a group",
    permission="administer",
    takes=GroupIn,
    gives=GroupOut,
    marked=True,
    status=201,
)
def create_group(ask: Ask[GroupIn]) -> Reply:
    row = groups.create(ask.session, ask.body, ask.actor)
    return made(answer(ask, row.key), url_for("api_groups.read_group", key=row.key))


@blueprint.get(GROUP)
@endpoint("Read one group", permission="read", gives=GroupOut, marked=True)
def read_group(ask: Ask[None], key: str) -> Reply:
    return answer(ask, key)


@blueprint.patch(GROUP)
@endpoint(
    "Rename a group, or say who is in it",
    permission="administer",
    takes=GroupChange,
    gives=GroupOut,
    marked=True,
    errors=(412,),
)
def change_group(ask: Ask[GroupChange], key: str) -> Reply:
    require_match(ask, key)
    groups.change(ask.session, key, ask.body, ask.actor)
    return answer(ask, key)


@blueprint.post(f"{GROUP}/members")
@endpoint(
    "Put somebody into a group; again is no fault",
    permission="administer",
    takes=MemberIn,
    gives=GroupOut,
    marked=True,
)
def add_group_member(ask: Ask[MemberIn], key: str) -> Reply:
    groups.add_member(ask.session, key, ask.body.email, ask.actor)
    return answer(ask, key)


@blueprint.delete(f"{GROUP}/members/<id:user_id>")
@endpoint(
    "Take somebody out of a group; again is no fault",
    permission="administer",
    gives=GroupOut,
    marked=True,
)
def remove_group_member(ask: Ask[None], key: str, user_id: int) -> Reply:
    groups.remove_member(ask.session, key, user_id, ask.actor)
    return answer(ask, key)


@blueprint.delete(GROUP)
@endpoint(
    "Delete a group that no template and no open step names",
    permission="administer",
    status=204,
    errors=(409, 412),
)
def delete_group(ask: Ask[None], key: str) -> Reply:
    require_match(ask, key)
    groups.remove(ask.session, key, ask.actor)
    return Reply(status=204)


def answer(ask: Ask, key: str) -> Reply:
    """The group as it is now."""
    found = groups.read(ask.session, key)
    return marked(ok(found), mark_of(found.document()))


def require_match(ask: Ask, key: str) -> None:
    """Raises Stale unless name and members are still what If-Match names."""
    groups.find(ask.session, key, lock=True)
    require(mark_of(groups.read(ask.session, key).document()))
