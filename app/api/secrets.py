"""/secrets: written, never read."""

from flask import Blueprint, current_app, url_for

from app.api.endpoint import Ask, endpoint
from app.api.parameters import Page
from app.api.preconditions import mark_of, marked, require
from app.api.rendering import Reply, made, ok, page
from app.domain import secrets
from app.domain.keyring import Keyring
from app.schemas.secret import RotateIn, SecretChange, SecretIn, SecretOut

blueprint = Blueprint("api_secrets", __name__)
SECRET = "/secrets/<secret:name>"  # noqa: S105 - a route


@blueprint.get("/secrets")
@endpoint(
    "List secrets, newest first; never their values",
    permission="edit templates",
    gives=SecretOut,
    many=True,
    query=Page,
)
def list_secrets(ask: Ask[None]) -> Reply:
    wanted: Page = ask.query
    return page(*secrets.list_secrets(ask.session, before=wanted.cursor, limit=wanted.limit))


@blueprint.post("/secrets")
@endpoint(
    "Create a secret",
    permission="manage secrets",
    takes=SecretIn,
    gives=SecretOut,
    marked=True,
    status=201,
)
def create_secret(ask: Ask[SecretIn]) -> Reply:
    row = secrets.create(ask.session, keyring(), ask.body, ask.actor.name)
    return made(answer(ask, row.name), url_for("api_secrets.read_secret", name=row.name))


@blueprint.get(SECRET)
@endpoint(
    "Read what is known of a secret", permission="edit templates", gives=SecretOut, marked=True
)
def read_secret(ask: Ask[None], name: str) -> Reply:
    return answer(ask, name)


@blueprint.patch(SECRET)
@endpoint(
    "Say where a secret may be sent",
    permission="manage secrets",
    takes=SecretChange,
    gives=SecretOut,
    marked=True,
    errors=(412,),
)
def bind_secret(ask: Ask[SecretChange], name: str) -> Reply:
    require_match(ask, name)
    secrets.bind(ask.session, name, ask.body.hosts, ask.actor.name)
    return answer(ask, name)


@blueprint.delete(SECRET)
@endpoint(
    "Delete a secret at once; steps that name it fail from now on",
    permission="manage secrets",
    status=204,
)
def delete_secret(ask: Ask[None], name: str) -> Reply:
    secrets.delete(ask.session, name, ask.actor.name)
    return Reply(status=204)


@blueprint.post(f"{SECRET}/rotate")
@endpoint(
    "Give a secret a new value; the old one stays valid for a while",
    permission="manage secrets",
    takes=RotateIn,
    gives=SecretOut,
    marked=True,
    errors=(412,),
)
def rotate_secret(ask: Ask[RotateIn], name: str) -> Reply:
    require_match(ask, name)
    secrets.rotate(ask.session, keyring(), name, ask.body, ask.actor.name)
    return answer(ask, name)


def answer(ask: Ask, name: str) -> Reply:
    """What is known of the secret now."""
    row = secrets.find(ask.session, name)
    return marked(ok(secrets.read(ask.session, name)), mark_of([row.hosts, row.updated_at]))


def require_match(ask: Ask, name: str) -> None:
    """Raises Stale unless its places and the time of its value are what If-Match names."""
    row = secrets.find(ask.session, name, lock=True)
    facts = {"updatedBy": row.updated_by, "updatedAt": row.updated_at}
    require(mark_of([row.hosts, row.updated_at]), **facts)


def keyring() -> Keyring:
    return Keyring.parse(current_app.config["SETTINGS"].encryption_keys)
