"""The registry of channels: what each is called, what it says, whom it reaches, and what it needs
before it works. Pure. Adding a channel: its content in `app/schemas/notification.py`, its facts
here, its sender in `workers/channels/<name>.py`; the conformance test takes it from there."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from app.config import Settings
from app.mailbox import Mailbox
from app.models import User
from app.models.vocabulary import Channel
from app.phone import read_phone
from app.schemas.base import Schema
from app.schemas.notification import CONTENT

CHAT_PREFIX = "chat:"
_PLACE = re.compile(r"chat:[A-Za-z0-9_-]{1,60}")
_WEB = re.compile(r"https?://[^\s/?#]+\S*", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelFacts:
    """What is known about a channel without using it.

    content     what it says
    address_of  where a known person is reached on it; None: nowhere, and `no_address` says why
    read        where a recipient that names an address itself is reached; None: not understood
    not_ready   what is missing before anything can be sent; None: nothing
    literal     such a recipient in words, for messages at fields; None: people only
    """

    name: Channel
    label: str
    icon: str
    content: type[Schema]
    address_of: Callable[[User], str | None]
    no_address: str
    read: Callable[[str], str | None]
    literal: str | None
    not_ready: Callable[[Settings], str | None]

    def takes(self, recipient: str) -> bool:
        """Whether this recipient names an address of this channel itself."""
        return self.read(recipient) is not None


def _mail(recipient: str) -> str | None:
    try:
        Mailbox.parse(recipient)
    except ValueError:
        return None
    return recipient.strip()


def _phone(recipient: str) -> str | None:
    try:
        return read_phone(recipient)
    except ValueError:
        return None


def _place(recipient: str) -> str | None:
    text = recipient.strip()
    return text.removeprefix(CHAT_PREFIX).lower() if _PLACE.fullmatch(text) else None


def _web(recipient: str) -> str | None:
    text = recipient.strip()
    return text if len(text) <= 500 and _WEB.fullmatch(text) else None


def _nowhere(_: object) -> None:
    return None


def _their_id(user: User) -> str:
    return str(user.id)


def _mail_not_ready(settings: Settings) -> str | None:
    return None if settings.smtp_url else "No mail server is set up (SMTP_URL)."


def _sms_not_ready(settings: Settings) -> str | None:
    needed = {
        "SMS_ACCOUNT": settings.sms_account,
        "SMS_TOKEN": settings.sms_token,
        "SMS_FROM": settings.sms_from,
    }
    missing = [name for name, value in needed.items() if not value]
    return f"No SMS provider is set up ({', '.join(missing)})." if missing else None


def _push_not_ready(settings: Settings) -> str | None:
    return None if settings.vapid_private_key else "Push has no key (VAPID_PRIVATE_KEY)."


def _chat_not_ready(settings: Settings) -> str | None:
    return None if settings.chat_places else "No chat place is set up (APPRISE_URLS)."


CHANNELS: Mapping[Channel, ChannelFacts] = {
    facts.name: facts
    for facts in (
        ChannelFacts(
            name=Channel.EMAIL,
            label="Email",
            icon="email",
            content=CONTENT[Channel.EMAIL],
            address_of=lambda user: user.email,
            no_address="has no mail address",
            read=_mail,
            literal="a mail address",
            not_ready=_mail_not_ready,
        ),
        ChannelFacts(
            name=Channel.SMS,
            label="SMS",
            icon="sms",
            content=CONTENT[Channel.SMS],
            address_of=lambda user: user.phone,
            no_address="has no phone number",
            read=_phone,
            literal="a phone number such as +4915112345678",
            not_ready=_sms_not_ready,
        ),
        ChannelFacts(
            name=Channel.PUSH,
            label="Push",
            icon="push",
            content=CONTENT[Channel.PUSH],
            address_of=_their_id,
            no_address="has no browser that takes push messages",
            read=_nowhere,
            literal=None,
            not_ready=_push_not_ready,
        ),
        ChannelFacts(
            name=Channel.CHAT,
            label="Chat",
            icon="chat",
            content=CONTENT[Channel.CHAT],
            address_of=_nowhere,
            no_address="is not reached by chat: name a place, chat:NAME",
            read=_place,
            literal="chat:NAME, NAME being a place of the settings page",
            not_ready=_chat_not_ready,
        ),
        ChannelFacts(
            name=Channel.IN_APP,
            label="In the console",
            icon="bell",
            content=CONTENT[Channel.IN_APP],
            address_of=_their_id,
            no_address="has no account",
            read=_nowhere,
            literal=None,
            not_ready=_nowhere,
        ),
        ChannelFacts(
            name=Channel.WEBHOOK,
            label="Webhook",
            icon="webhook",
            content=CONTENT[Channel.WEBHOOK],
            address_of=_nowhere,
            no_address="is not reached by webhook: name a URL",
            read=_web,
            literal="a URL such as https://hooks.example.com/runsheet",
            not_ready=_nowhere,
        ),
    )
}


def not_ready(settings: Settings) -> dict[str, str]:
    """The channels that can't be used, each with what is missing."""
    found = {str(name): facts.not_ready(settings) for name, facts in CHANNELS.items()}
    return {name: reason for name, reason in found.items() if reason is not None}


def places(channel: Channel, settings: Settings) -> list[str]:
    """The recipients on a channel that the settings name."""
    if channel is not Channel.CHAT:
        return []
    return [f"{CHAT_PREFIX}{name}" for name in settings.chat_places]
