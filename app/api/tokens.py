"""/tokens: keys of programs, given out once."""

from flask import Blueprint, url_for

from app.api.endpoint import Ask, endpoint
from app.api.parameters import TokensPage
from app.api.rendering import Reply, given_once, page
from app.domain import tokens
from app.schemas.people import TokenIn, TokenMadeOut, TokenOut

blueprint = Blueprint("api_tokens", __name__)


@blueprint.get("/tokens")
@endpoint(
    "List tokens, newest first; never what stands for them",
    permission="administer",
    gives=TokenOut,
    many=True,
    query=TokensPage,
)
def list_tokens(ask: Ask[None]) -> Reply:
    wanted: TokensPage = ask.query
    found = tokens.list_tokens(
        ask.session,
        text=wanted.q,
        state=wanted.state,
        before=wanted.cursor,
        limit=wanted.limit,
    )
    return page(*found)


@blueprint.post("/tokens")
@endpoint(
    "Make a token; `token` is given once",
    permission="administer",
    takes=TokenIn,
    gives=TokenMadeOut,
    status=201,
)
def create_token(ask: Ask[TokenIn]) -> Reply:
    made, token = tokens.create(ask.session, ask.body, ask.actor.name)
    about = made.document()
    location = url_for("api_tokens.list_tokens")
    return given_once(about | {"token": token}, about | {"token": None}, location)


@blueprint.delete("/tokens/<id:token_id>")
@endpoint("Revoke a token; from now on it is refused", permission="administer", status=204)
def revoke_token(ask: Ask[None], token_id: int) -> Reply:
    tokens.revoke(ask.session, token_id, ask.actor.name)
    return Reply(status=204)
