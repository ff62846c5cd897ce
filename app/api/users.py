"""/users: people as admins manage them."""

from flask import Blueprint, current_app, url_for

from app.api.endpoint import Ask, endpoint
from app.api.parameters import UsersPage
from app.api.preconditions import mark_of, marked, require
from app.api.rendering import Reply, given_once, ok, page
from app.domain import channels, users
from app.domain.account_links import Link
from app.domain.fanout import NotReady
from app.models import User
from app.schemas.people import Because, InvitedOut, LinkOut, UserChange, UserIn, UserOut

blueprint = Blueprint("api_users", __name__)
USER = "/users/<id:user_id>"


@blueprint.get("/users")
@endpoint(
    "List people, newest first",
    permission="administer",
    gives=UserOut,
    many=True,
    query=UsersPage,
)
def list_users(ask: Ask[None]) -> Reply:
    wanted: UsersPage = ask.query
    found = users.list_users(
        ask.session,
        text=wanted.q,
        role=wanted.role,
        state=wanted.state,
        before=wanted.cursor,
        limit=wanted.limit,
    )
    return page(*found)


@blueprint.post("/users")
@endpoint(
    "Invite somebody: `link.url` is given once, and mailed to them where there is a mail server",
    permission="administer",
    takes=UserIn,
    gives=InvitedOut,
    marked=True,
    status=201,
)
def invite_user(ask: Ask[UserIn]) -> Reply:
    user, link = users.invite(ask.session, ask.body, ask.actor, not_ready())
    about = users.read(ask.session, user.id).document()
    shown, hidden = _links(link)
    location = url_for("api_users.read_user", user_id=user.id)
    reply = given_once(about | {"link": shown}, about | {"link": hidden}, location)
    return marked(reply, _mark(user))


@blueprint.get(USER)
@endpoint("Read one person", permission="administer", gives=UserOut, marked=True)
def read_user(ask: Ask[None], user_id: int) -> Reply:
    return answer(ask, user_id)


@blueprint.patch(USER)
@endpoint(
    "Change somebody's name, role, or permission to add automation",
    permission="administer",
    takes=UserChange,
    gives=UserOut,
    marked=True,
    errors=(409, 412),
)
def change_user(ask: Ask[UserChange], user_id: int) -> Reply:
    require(_mark(users.find(ask.session, user_id, lock=True)))
    users.change(ask.session, user_id, ask.body, ask.actor)
    return answer(ask, user_id)


@blueprint.post(f"{USER}/invite")
@endpoint(
    "Make a one-time link by which somebody sets their password; earlier ones end",
    permission="administer",
    takes=Because,
    gives=LinkOut,
    status=201,
)
def make_link(ask: Ask[Because], user_id: int) -> Reply:
    link = users.new_link(ask.session, user_id, ask.actor, not_ready(), ask.body.reason)
    return given_once(*_links(link), url_for("api_users.read_user", user_id=user_id))


@blueprint.post(f"{USER}/deactivate")
@endpoint(
    "Send somebody away: they are signed out everywhere; what is assigned to them stays so",
    permission="administer",
    takes=Because,
    gives=UserOut,
    marked=True,
)
def deactivate_user(ask: Ask[Because], user_id: int) -> Reply:
    users.deactivate(ask.session, user_id, ask.actor, ask.body.reason)
    return answer(ask, user_id)


@blueprint.post(f"{USER}/reactivate")
@endpoint(
    "Let somebody in again", permission="administer", takes=Because, gives=UserOut, marked=True
)
def reactivate_user(ask: Ask[Because], user_id: int) -> Reply:
    users.reactivate(ask.session, user_id, ask.actor, ask.body.reason)
    return answer(ask, user_id)


def _links(link: Link) -> tuple[dict[str, object], dict[str, object]]:
    """As it is given once, and as it is given again."""
    shown = LinkOut(
        url=link.url, purpose=link.purpose, expires_at=link.expires_at, mailed=link.mailed
    )
    return shown.document(), shown.model_copy(update={"url": None}).document()


def answer(ask: Ask, user_id: int) -> Reply:
    """The person as they are now."""
    return marked(ok(users.read(ask.session, user_id)), _mark(users.find(ask.session, user_id)))


def _mark(user: User) -> str:
    """Of what an admin may change; not of when they came last."""
    return mark_of([user.name, user.role, user.may_add_automation])


def not_ready() -> NotReady:
    return channels.not_ready(current_app.config["SETTINGS"])
