"""/deliveries: what people were told, and telling them again."""

from flask import Blueprint, current_app

from app.api.endpoint import Ask, endpoint
from app.api.parameters import DeliveriesFilter, DeliveriesPage
from app.api.rendering import Reply, ok, page
from app.config import Settings
from app.domain import channels, deliveries, replays
from app.domain.deliveries import Filter
from app.schemas.instance import BulkOut, CountOut, DeliveryOut, DeliveryReplay, Reason

blueprint = Blueprint("api_deliveries", __name__)


@blueprint.get("/deliveries")
@endpoint(
    "List deliveries, newest first",
    permission="read",
    gives=DeliveryOut,
    many=True,
    query=DeliveriesPage,
)
def list_deliveries(ask: Ask[None]) -> Reply:
    wanted: DeliveriesPage = ask.query
    asked = Filter(**wanted.model_dump(exclude={"limit", "cursor"}))
    found = deliveries.find_all(ask.session, asked, before=wanted.cursor, limit=wanted.limit)
    return page(*found)


@blueprint.get("/deliveries/count")
@endpoint(
    "Count those that match and have ended: `expected` of a replay of them",
    permission="read",
    gives=CountOut,
    query=DeliveriesFilter,
)
def count_deliveries(ask: Ask[None]) -> Reply:
    asked = Filter(**ask.query.model_dump())
    return ok(CountOut(count=deliveries.count(ask.session, asked)))


@blueprint.get("/deliveries/<id:delivery_id>")
@endpoint("Read a delivery with its tries", permission="read", gives=DeliveryOut)
def read_delivery(ask: Ask[None], delivery_id: int) -> Reply:
    return ok(deliveries.find(ask.session, delivery_id))


@blueprint.post("/deliveries/replay")
@endpoint(
    "Send all again that match, if they are as many as expected; each is a new delivery",
    permission="operate",
    takes=DeliveryReplay,
    gives=BulkOut,
    status=201,
)
def replay_deliveries(ask: Ask[DeliveryReplay]) -> Reply:
    body = ask.body
    asked = Filter(**body.model_dump(exclude={"reason", "expected"}))
    ids = replays.replay_all(
        ask.session, asked, body.expected, ask.actor.name, body.reason, not_ready()
    )
    return Reply({"items": [{"id": new_id} for new_id in ids]}, 201)


@blueprint.post("/instances/<id:instance_id>/notifications/<id:delivery_id>/replay")
@endpoint(
    "Send a notification again, as a new delivery that names its origin",
    permission="operate",
    takes=Reason,
    gives=DeliveryOut,
)
def replay_delivery(ask: Ask[Reason], instance_id: int, delivery_id: int) -> Reply:
    actor, reason = ask.actor.name, ask.body.reason
    new_id = replays.replay(
        ask.session, delivery_id, actor, reason, not_ready(), instance_id=instance_id
    )
    return ok(deliveries.find(ask.session, new_id))


def not_ready() -> dict[str, str]:
    """The channels that this installation has not set up."""
    settings: Settings = current_app.config["SETTINGS"]
    return channels.not_ready(settings)
