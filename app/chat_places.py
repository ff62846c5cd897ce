"""The chat places that an admin has named in APPRISE_URLS, and the services they may be at.

Apprise speaks to more than a hundred services, among them files, programs and any HTTP address.
It opens its own connections, which nothing vets, so what it may load is this short list.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class ChatService:
    """A service by name, and the part of Apprise that speaks to it."""

    label: str
    module: str
    plugin: str


_SLACK = ChatService("Slack", "slack", "NotifySlack")
_TEAMS = ChatService("Microsoft Teams", "workflows", "NotifyWorkflows")
_DISCORD = ChatService("Discord", "discord", "NotifyDiscord")
_TELEGRAM = ChatService("Telegram", "telegram", "NotifyTelegram")
_MATRIX = ChatService("Matrix", "matrix.base", "NotifyMatrix")
_NTFY = ChatService("ntfy", "ntfy", "NotifyNtfy")
_GOTIFY = ChatService("Gotify", "gotify", "NotifyGotify")
_PUSHOVER = ChatService("Pushover", "pushover", "NotifyPushover")
_MATTERMOST = ChatService("Mattermost", "mattermost", "NotifyMattermost")
_ROCKET = ChatService("Rocket.Chat", "rocketchat", "NotifyRocketChat")
_GOOGLE = ChatService("Google Chat", "google_chat", "NotifyGoogleChat")
_ZULIP = ChatService("Zulip", "zulip", "NotifyZulip")
_WEBEX = ChatService("Webex", "webexteams", "NotifyWebexTeams")
_NEXTCLOUD = ChatService("Nextcloud Talk", "nextcloudtalk", "NotifyNextcloudTalk")

SERVICES: Mapping[str, ChatService] = {
    "slack": _SLACK,
    "workflow": _TEAMS,
    "workflows": _TEAMS,
    "discord": _DISCORD,
    "tgram": _TELEGRAM,
    "matrix": _MATRIX,
    "matrixs": _MATRIX,
    "ntfy": _NTFY,
    "ntfys": _NTFY,
    "gotify": _GOTIFY,
    "gotifys": _GOTIFY,
    "pover": _PUSHOVER,
    "mmost": _MATTERMOST,
    "mmosts": _MATTERMOST,
    "rocket": _ROCKET,
    "rockets": _ROCKET,
    "gchat": _GOOGLE,
    "zulip": _ZULIP,
    "webex": _WEBEX,
    "wxteams": _WEBEX,
    "nctalk": _NEXTCLOUD,
    "nctalks": _NEXTCLOUD,
}


@dataclass(frozen=True, slots=True)
class ChatPlace:
    """One room, channel or topic. The URL holds its password: it is never shown or logged."""

    name: str
    url: str
    service: ChatService

    def __repr__(self) -> str:
        return f"ChatPlace({self.name!r}, {self.service.label})"


def read_places(text: str) -> dict[str, ChatPlace]:
    """Read `name=url` pairs, separated by commas or blanks, by their names. ValueError says which
    entry is wrong, by its name or number and never with its URL."""
    found: dict[str, ChatPlace] = {}
    for number, entry in enumerate(_entries(text), 1):
        place = _place(number, entry)
        if place.name in found:
            raise ValueError(f"two places are named {place.name}")
        found[place.name] = place
    return found


def _entries(text: str) -> list[str]:
    return [word for part in text.split() for word in _at_commas(part)]


def _at_commas(part: str) -> list[str]:
    """Apprise's URLs may hold commas; only one that begins the next `name=scheme://` separates."""
    words: list[str] = []
    for piece in part.split(","):
        if words and not _begins_an_entry(piece):
            words[-1] += f",{piece}"
        elif piece:
            words.append(piece)
    return [word.rstrip(",") for word in words]


def _begins_an_entry(piece: str) -> bool:
    name, equals, url = piece.partition("=")
    return bool(equals) and _is_name(name) and "://" in url


def _is_name(name: str) -> bool:
    return (
        0 < len(name) <= 60 and name.isascii() and name.replace("-", "").replace("_", "").isalnum()
    )


def _place(number: int, entry: str) -> ChatPlace:
    name, equals, url = entry.partition("=")
    if not equals or not _is_name(name):
        raise ValueError(f"entry {number} is not name=url, the name of letters, digits, - and _")
    scheme = urlsplit(url).scheme.lower() if "://" in url else ""
    if scheme not in SERVICES:
        shown = f"{scheme}://" if scheme.isalnum() and len(scheme) < 20 else "its URL"
        raise ValueError(f"{name}: {shown} is not a service that Runsheet uses ({_known()})")
    return ChatPlace(name.lower(), url, SERVICES[scheme])


def _known() -> str:
    return ", ".join(SERVICES)
