"""A person as others see them: who they are, where they are reached, what was sent to them."""

from dataclasses import dataclass

from flask import Blueprint, current_app, render_template, request
from sqlalchemy.orm import Session

from app import transaction
from app.config import Settings
from app.domain import accounts, channels, fanout
from app.domain.accounts import PERSONAL
from app.domain.recipients import Recipient, label_of
from app.errors import NotFound
from app.models import User
from app.models.vocabulary import Channel
from app.phone import masked
from app.web.access import needs, visitor
from app.web.delivery_lists import Filters, list_page

blueprint = Blueprint("people", __name__)


@blueprint.get("/people/<id:user_id>")
@needs("read")
def show(user_id: int) -> str:
    filters = Filters.read({**request.args, "userId": str(user_id)})
    with transaction.reading() as session:
        person = session.get(User, user_id)
        if person is None:
            raise NotFound("There is no such person.")
        page = list_page(session, filters)
        ways = [_way(session, person, channel) for channel in PERSONAL]
        return render_template("people/show.html", person=person, ways=ways, **page)


@dataclass(frozen=True, slots=True)
class WayView:
    """A channel to a person. `where`: its address in words; `why_not`: why nothing sent on it would
    reach them now, in the words that a skipped delivery would have."""

    channel: Channel
    where: str | None
    why_not: str | None


def _way(session: Session, person: User, channel: Channel) -> WayView:
    settings: Settings = current_app.config["SETTINGS"]
    recipient = Recipient(label_of(person), user=person)
    address = fanout.address_on(session, channel, recipient)
    decision = fanout.decide(channel, recipient, address, channels.not_ready(settings))
    where = _where(session, person, channel) if address is not None else None
    return WayView(channel, where, decision.reason)


def _where(session: Session, person: User, channel: Channel) -> str:
    if channel is Channel.PUSH:
        count = len(accounts.browsers_of(session, person.id))
        return f"{count} browser{'' if count == 1 else 's'}"
    if channel is Channel.SMS:
        return _phone(person)
    return person.email if channel is Channel.EMAIL else "the bell"


def _phone(person: User) -> str:
    """The whole number is for who has to reach them, and for themselves."""
    number, who = person.phone or "", visitor()
    return number if who.may("operate") or who.id == person.id else masked(number)
