"""Channels as pages show them: whether they work here, what is missing, how a test went."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from sqlalchemy.orm import Session

from app.config import Settings
from app.domain import channel_tests, channels, processes
from app.domain.accounts import PERSONAL
from app.domain.channel_tests import Test
from app.domain.channels import CHANNELS
from app.models import User
from app.models.vocabulary import NOTIFICATION_QUEUE, Channel
from app.web.access import visitor


@dataclass(frozen=True, slots=True)
class ChannelView:
    """A channel in a list. `missing`: why it does not work, in words; `how`: through what it
    does; `places`: what a test of it can be sent to, by name and words."""

    name: Channel
    label: str
    missing: str | None
    how: str
    personal: bool
    places: tuple[tuple[str, str], ...] = ()

    @property
    def needs_url(self) -> bool:
        return self.name is Channel.WEBHOOK


@dataclass(frozen=True, slots=True)
class TestView:
    """How a test stands. `waits_for_worker`: nobody is there who would send it."""

    label: str
    test: Test
    waits_for_worker: bool


def every(settings: Settings) -> list[ChannelView]:
    """All channels, as the settings page lists them."""
    return [
        ChannelView(
            name,
            facts.label,
            facts.not_ready(settings),
            _how(name, settings),
            name in PERSONAL,
            _places(name, settings),
        )
        for name, facts in CHANNELS.items()
    ]


def _places(name: Channel, settings: Settings) -> tuple[tuple[str, str], ...]:
    labels = [place.service.label for place in settings.chat_places.values()]
    return tuple(zip(channels.places(name, settings), labels, strict=False))


def _how(name: Channel, settings: Settings) -> str:
    """Through what a channel that works is sent; never with a password."""
    mail, sms = urlsplit(settings.smtp_url), urlsplit(settings.sms_api_base)
    return {
        Channel.EMAIL: f"from {settings.mail_from} through {mail.netloc.rpartition('@')[2]}",
        Channel.SMS: f"from {settings.sms_from} through {sms.netloc}",
        Channel.PUSH: "to the browsers that people have added on their account page",
        Channel.CHAT: "to the places of APPRISE_URLS",
        Channel.IN_APP: "the bell on every page",
        Channel.WEBHOOK: "to any public URL that a policy names",
    }[name]


@dataclass(frozen=True, slots=True)
class PersonalView:
    """A channel on a person's own page; `lacks`: why it does not reach them."""

    name: Channel
    label: str
    lacks: str | None


def personal(settings: Settings, user: User, *, browsers: bool) -> list[PersonalView]:
    """The channels that can reach a person; `browsers`: whether they have one that is told."""
    return [
        PersonalView(name, CHANNELS[name].label, _lacks(name, settings, user, browsers=browsers))
        for name in PERSONAL
    ]


def _lacks(name: Channel, settings: Settings, user: User, *, browsers: bool) -> str | None:
    facts = CHANNELS[name]
    if facts.not_ready(settings):
        return "not set up here"
    if facts.address_of(user) is None:
        return "add your phone number first"
    if name is Channel.PUSH and not browsers:
        return "add a browser first"
    return None


def shown_test(session: Session, delivery_id: str | None) -> TestView | None:
    """The test that a page was opened with, if there is one."""
    digits = delivery_id or ""
    if not (digits.isascii() and digits.isdigit() and len(digits) < 19):
        return None
    return read_test(session, int(digits))


def read_test(session: Session, delivery_id: int) -> TestView:
    """A test as it stands. Raises NotFound, or Forbidden for another person's."""
    who = visitor()
    test = channel_tests.find(session, delivery_id, who.id, any_ones=who.may("administer"))
    waits = not test.is_over and not _someone_sends(session)
    return TestView(CHANNELS[Channel(test.channel)].label, test, waits)


def _someone_sends(session: Session) -> bool:
    return any(row.queue == NOTIFICATION_QUEUE for row in processes.alive(session))
