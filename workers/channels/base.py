"""What senders get: plain values, no session."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.models.vocabulary import Channel


@dataclass(frozen=True, slots=True)
class PushTarget:
    """One browser of a person. `id` is its subscription's."""

    id: int
    endpoint: str
    p256dh: str
    auth: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One try of one delivery.

    token     what providers see, the same on every try
    recipient as the policy names it; `address`: where it goes, as the channel's facts gave it
    content   rendered, in the JSON form of the channel's content
    link      where in the console it is about
    about     what it is about, in a line: `Book carrier · Order 1042`
    targets   PUSH: the person's browsers
    timeout   seconds this try may take, for everything
    """

    token: str
    channel: Channel
    recipient: str
    address: str
    content: Mapping[str, Any]
    link: str | None = None
    about: str = ""
    targets: tuple[PushTarget, ...] = ()
    timeout: float = 20.0
