"""/channels: what this installation is set up for, and a test of each."""

from flask import Blueprint, current_app, url_for

from app.api.endpoint import Ask, endpoint
from app.api.rendering import Reply, created, page
from app.config import Settings
from app.domain import channel_tests, channels, deliveries
from app.domain.accounts import PERSONAL
from app.errors import NotFound
from app.models.vocabulary import Channel
from app.schemas.channel import ChannelOut, ChannelTestIn
from app.schemas.instance import DeliveryOut

blueprint = Blueprint("api_channels", __name__)


@blueprint.get("/channels")
@endpoint(
    "List the channels, and what those lack that do not work",
    permission="read",
    gives=ChannelOut,
    many=True,
)
def list_channels(ask: Ask[None]) -> Reply:
    settings = _settings()
    found = [
        ChannelOut(
            name=facts.name,
            label=facts.label,
            missing=facts.not_ready(settings),
            places=channels.places(facts.name, settings),
        )
        for facts in channels.CHANNELS.values()
    ]
    return page(found, None)


@blueprint.post("/channels/<string:name>/test")
@endpoint(
    "Send a test on a channel; the answer is its delivery, to be read again until it has ended",
    permission="administer",
    takes=ChannelTestIn,
    gives=DeliveryOut,
    status=201,
)
def test_channel(ask: Ask[ChannelTestIn], name: str) -> Reply:
    if name not in list(Channel):
        raise NotFound("There is no such channel.")
    channel, recipient = Channel(name), ask.body.recipient
    person = channel_tests.person(ask.session, recipient) if channel in PERSONAL else 0
    new = channel_tests.ask(ask.session, _settings(), ask.actor, person, channel, recipient)
    location = url_for("api_deliveries.read_delivery", delivery_id=new)
    return created(deliveries.find(ask.session, new).document(), location)


def _settings() -> Settings:
    return current_app.config["SETTINGS"]
