"""/groups: people who share tasks and are told together."""

from flask import Blueprint, url_for

from app.api.endpoint import Ask, endpoint
from app.api.parameters import NamedPage
from app.api.rendering import Reply, created, ok, page
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
@endpoint("Create a group", permission="administer", takes=GroupIn, gives=GroupOut, status=201)
def create_group(ask: Ask[GroupIn]) -> Reply:
    row = groups.create(ask.session, ask.body, ask.actor)
    location = url_for("api_groups.read_group", key=row.key)
    return created(groups.read(ask.session, row.key).document(), location)


@blueprint.get(GROUP)
@endpoint("Read one group", permission="read", gives=GroupOut)
def read_group(ask: Ask[None], key: str) -> Reply:
    return ok(groups.read(ask.session, key))


@blueprint.patch(GROUP)
@endpoint(
    "Rename a group, or say who is in it",
    permission="administer",
    takes=GroupChange,
    gives=GroupOut,
)
def change_group(ask: Ask[GroupChange], key: str) -> Reply:
    groups.change(ask.session, key, ask.body, ask.actor)
    return ok(groups.read(ask.session, key))


@blueprint.post(f"{GROUP}/members")
@endpoint(
    "Put somebody into a group; again is no fault",
    permission="administer",
    takes=MemberIn,
    gives=GroupOut,
)
def add_group_member(ask: Ask[MemberIn], key: str) -> Reply:
    groups.add_member(ask.session, key, ask.body.email, ask.actor)
    return ok(groups.read(ask.session, key))


@blueprint.delete(f"{GROUP}/members/<id:user_id>")
@endpoint(
    "Take somebody out of a group; again is no fault",
    permission="administer",
    gives=GroupOut,
)
def remove_group_member(ask: Ask[None], key: str, user_id: int) -> Reply:
    groups.remove_member(ask.session, key, user_id, ask.actor)
    return ok(groups.read(ask.session, key))


@blueprint.delete(GROUP)
@endpoint(
    "Delete a group that no template and no open step names",
    permission="administer",
    status=204,
    errors=(409,),
)
def delete_group(ask: Ask[None], key: str) -> Reply:
    groups.remove(ask.session, key, ask.actor)
    return Reply(status=204)
