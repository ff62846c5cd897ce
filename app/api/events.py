"""/instances/{id}/events: the history, read or followed."""

from flask import Blueprint, Response

from app import live, transaction
from app.api.endpoint import Ask, bare, endpoint, token_of
from app.api.parameters import After, EventsPage
from app.api.rendering import Reply, page
from app.domain import people, queries
from app.domain.people import Actor
from app.errors import Unauthorized
from app.extensions import compact_json
from app.schemas.instance import EventOut

blueprint = Blueprint("api_events", __name__)
EVENTS = "/instances/<id:instance_id>/events"
AT_ONCE = 200


@blueprint.get(EVENTS)
@endpoint(
    "Read the history, oldest first",
    permission="read",
    gives=EventOut,
    many=True,
    query=EventsPage,
)
def list_events(ask: Ask[None], instance_id: int) -> Reply:
    wanted: EventsPage = ask.query
    after = wanted.after if wanted.cursor is None else wanted.cursor
    found = queries.list_events(ask.session, instance_id, after=after, limit=wanted.limit)
    return page(*found)


@blueprint.get(f"{EVENTS}/stream")
@bare(
    "Follow the history: server-sent events, each with its number as id",
    permission="read",
    gives="text/event-stream",
    query=After,
    errors=(503,),
)
def stream_events(_actor: Actor, instance_id: int) -> Response:
    after, token = After.read().after, token_of()
    read_events(instance_id, 0, limit=1)  # 404 before the stream begins

    def render(last: int, _newest: int) -> list[live.Message]:
        return [message(event) for event in read_events(instance_id, last)]

    return live.stream(instance_id, after, render, lambda: still_valid(token))


def read_events(instance_id: int, after: int, limit: int = AT_ONCE) -> list[EventOut]:
    with transaction.reading() as session:
        return queries.list_events(session, instance_id, after=after, limit=limit)[0]


def message(event: EventOut) -> live.Message:
    return live.Message(event.seq, "event", compact_json(event.document()))


def still_valid(token: str) -> bool:
    """Whether the token that opened a stream may still read it."""
    try:
        with transaction.reading() as session:
            people.actor_of_token(session, token)
    except Unauthorized:
        return False
    return True
