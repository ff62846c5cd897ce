"""What all routes of the API do alike: who asks, may they, what do they send, one transaction,
one answer. A view is left with: load, call one verb, respond."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, Generic, TypeVar, cast

from flask import Response, request
from sqlalchemy.orm import Session

from app import logs, presence, transaction
from app.api import bodies, idempotency, problems, rates
from app.api.parameters import Parameters
from app.api.rendering import Reply
from app.domain import people, permissions, tokens
from app.domain.people import Actor
from app.errors import Unauthorized
from app.schemas.base import Schema

Body = TypeVar("Body")
View = Callable[..., Any]
READS = ("GET", "HEAD")


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """What a route is; the OpenAPI document and the answering are both made from it.

    permission: one of `permissions.PERMISSIONS`; None: open to all, no token asked.
    takes, gives: schemas of body and answer; `gives` may be a media type's name instead.
    many: the answer is a page of `gives`.
    also: other statuses with the same answer.
    marked: the answer has a mark of what it gives (ETag), which If-Match may name; 412 among the
        errors says that a route takes one.
    counted: open to all, but each address may ask only so often.
    """

    summary: str
    permission: str | None
    takes: type[Schema] | None = None
    gives: type[Schema] | str | None = None
    many: bool = False
    status: int = 200
    also: tuple[int, ...] = ()
    query: type[Parameters] | None = None
    yaml: bool = False
    limit: int = bodies.MEBIBYTE
    errors: tuple[int, ...] = ()
    marked: bool = False
    counted: bool = False


@dataclass(frozen=True, slots=True)
class Ask(Generic[Body]):
    """What a view is given beside the parts of its path."""

    session: Session
    actor: Actor
    body: Body
    query: Any


def endpoint(summary: str, **more: Any) -> Callable[[View], View]:
    """Describe a view and let it answer in a transaction: it gets an `Ask` and the parts of its
    path, and returns a Reply. Reads read, the rest writes."""
    return _decorator(Description(summary=summary, **more), _in_transaction)


def bare(summary: str, **more: Any) -> Callable[[View], View]:
    """Describe a view that opens its own transactions, if any, and returns a response. It gets
    the Actor first where it needs a permission."""
    return _decorator(Description(summary=summary, **more), _as_it_is)


def description_of(view: View) -> Description | None:
    return cast("Description | None", vars(view).get("description"))


def _decorator(
    about: Description, answer: Callable[[Description, View, dict[str, Any]], Response]
) -> Callable[[View], View]:
    def decorate(view: View) -> View:
        @wraps(view)
        def answered(**path: Any) -> Response:
            try:
                return answer(about, view, path)
            except Exception as error:  # noqa: BLE001 - becomes a problem; the unexpected is logged
                is_open = about.permission is None
                return problems.problem_of(rates.of_failure(error, is_open=is_open))

        vars(answered)["description"] = about
        return answered

    return decorate


def _as_it_is(about: Description, view: View, path: dict[str, Any]) -> Response:
    if about.permission is not None:
        return view(_permitted(about), **path)
    if about.counted:
        rates.of_stranger()
    return view(**path)


def _in_transaction(about: Description, view: View, path: dict[str, Any]) -> Response:
    actor = _permitted(about)
    query = about.query.read() if about.query else None
    if request.method in READS:
        with transaction.reading() as session:
            return cast("Reply", view(Ask(session, actor, None, query), **path)).response()
    raw = bodies.raw_body(about.limit)
    body = about.takes.read(bodies.parsed_body(raw, yaml=about.yaml)) if about.takes else None
    with transaction.writing() as session:
        reply = idempotency.once(
            session, actor, raw, lambda: view(Ask(session, actor, body, query), **path)
        )
    if reply.later is not None:
        with transaction.reading() as session:
            reply.complete(session)
    return reply.response()


def _permitted(about: Description) -> Actor:
    with transaction.reading() as session:
        token = people.find_token(session, token_of())
        actor, is_due, token_id = people.actor_of_program(token), tokens.is_due(token), token.id
    logs.remember(tokenId=token_id)
    rates.of_token(token_id)
    permissions.require(actor, about.permission or "administer")
    if is_due:
        presence.note(lambda session: tokens.see(session, token_id))
    return actor


def token_of() -> str:
    """The bearer token of the present request. Raises Unauthorized."""
    given = request.authorization
    if given is None or given.type != "bearer" or not given.token:
        raise Unauthorized("Send a token: Authorization: Bearer TOKEN.")
    return given.token
