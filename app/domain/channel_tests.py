"""Sending a test on a channel: a delivery like any other, without a notice or an instance."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.config import Settings
from app.domain import audit, channels, deliveries
from app.domain.accounts import PERSONAL
from app.domain.channels import CHANNELS
from app.domain.people import Actor
from app.errors import Forbidden, Invalid, NotFound
from app.models import NotificationDelivery, NotificationDeliveryLog, User
from app.models.vocabulary import TEST, Channel, DeliveryState

_TEXT = "This is a test from Runsheet at {url}, asked for by {who}. It works."
_TITLE = "A test from Runsheet"


def content_of(channel: Channel, who: str, url: str) -> dict[str, Any]:
    """What a test says on a channel."""
    text = _TEXT.format(url=url, who=who)
    said: dict[Channel, dict[str, Any]] = {
        Channel.EMAIL: {"subject": _TITLE, "text": text, "html": None},
        Channel.SMS: {"text": text},
        Channel.PUSH: {"title": _TITLE, "body": text},
        Channel.CHAT: {"text": text},
        Channel.IN_APP: {"title": _TITLE, "body": text},
        Channel.WEBHOOK: {"body": {"test": True, "text": text}},
    }
    return said[channel]


def ask(
    session: Session,
    settings: Settings,
    actor: Actor,
    user_id: int,
    channel: Channel,
    recipient: str = "",
) -> int:
    """Owe a test: to a person or, where a channel reaches no people, to the `recipient`. Returns
    the delivery's id. Raises Invalid at `recipient`."""
    who = actor.name.removeprefix("user:")
    address = None if channel in PERSONAL else _address(channel, recipient)
    person = session.get(User, user_id) if channel in PERSONAL else None
    to = {"recipient": person.email if person else address}
    audit.record(session, actor.name, "channel.tested", "channel", channel, after=to)
    return deliveries.owe_test(
        session,
        channel,
        content_of(channel, who, settings.base_url),
        {"product": {"name": "Runsheet", "url": settings.base_url}},
        channels.not_ready(settings),
        user_id=user_id if channel in PERSONAL else None,
        address=address,
    )


def person(session: Session, recipient: str) -> int:
    """The id of somebody by their mail address. Raises Invalid at `recipient`."""
    email = recipient.strip().lower().removeprefix("user:")
    user_id = session.scalar(select(User.id).where(User.email == email, User.active))
    if user_id is None:
        raise Invalid.at("recipient", "There is nobody with this mail address.")
    return user_id


def _address(channel: Channel, recipient: str) -> str:
    facts = CHANNELS[channel]
    if facts.read(recipient) is None:
        raise Invalid.at("recipient", f"Name {facts.literal}.")
    return recipient.strip()


@dataclass(frozen=True, slots=True)
class Test:
    """How a test stands. `error`: what its last try met with."""

    id: int
    channel: str
    recipient: str
    state: str
    reason: str | None
    attempts: int
    next_attempt_at: datetime | None
    sent_at: datetime | None
    error: str | None

    @property
    def is_over(self) -> bool:
        return self.state != DeliveryState.QUEUED


def find(session: Session, delivery_id: int, user_id: int, *, any_ones: bool) -> Test:
    """A test by its delivery. People see their own; `any_ones`: everybody's. Raises NotFound."""
    row = session.get(NotificationDelivery, delivery_id)
    if row is None or row.trigger != TEST:
        raise NotFound("There is no such test.")
    if row.user_id != user_id and not any_ones:
        raise Forbidden("Somebody else asked for this test.")
    log = NotificationDeliveryLog
    query = select(log.error).where(log.delivery_id == row.id).order_by(log.id.desc()).limit(1)
    return Test(
        row.id,
        row.channel,
        row.recipient,
        row.state,
        row.reason,
        row.attempts,
        row.next_attempt_at,
        row.sent_at,
        session.scalar(query),
    )
