"""The mail of an AUTOMATION_EMAIL step, made from what its author wrote. Pure: nothing is sent."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from typing import Any, cast
from urllib.parse import urlsplit

from app.domain import liquid
from app.domain.liquid import NotRenderable
from app.domain.mail_answers import Refusal, refusal
from app.domain.mail_message import NotAMail, compose
from app.domain.paths import MissingPath
from app.domain.placeholders import fill, fill_text, written
from app.mailbox import Mailbox, one_line, split

MOST_RECIPIENTS = 150
_RECIPIENTS = ("to", "cc", "bcc")
ADDRESSES = (*_RECIPIENTS, "replyTo")
# In an attempt's context: who has the mail from an earlier attempt, and whether its recipients are
# those that the author of the version wrote.
TAKEN_FOR, AS_PUBLISHED = "takenFor", "asPublished"
_NO_ADDRESS = "This is no mail address."
_OUTSIDE = (
    "This is outside the organisation, and the step's recipients are not those of its template."
)


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail, the bare addresses it goes to (blind copies too), and to whom it must not go."""

    message: EmailMessage
    recipients: list[str]
    refused: list[Refusal]


def build(
    config: Mapping[str, Any],
    context: Mapping[str, Any],
    *,
    token: str,
    sender: str,
    base_url: str,
    at: datetime,
    inside: frozenset[str] = frozenset(),
) -> Mail:
    """Fill a mail in. Addresses take placeholders; subject and bodies are Liquid. The Message-ID
    comes from the execution token, so that a mail sent twice can be recognised. `inside`: the only
    domains it may go to; empty: no limit. Raises MissingPath or NotAMail."""
    refused: list[Refusal] = []
    boxes = {field: _boxes(config.get(field), context, refused, inside) for field in _RECIPIENTS}
    found: dict[str, str] = {}
    for box in (box for field in boxes.values() for box in field):
        found.setdefault(box.address.lower(), box.address)
    recipients = list(found.values())
    if len(recipients) > MOST_RECIPIENTS:
        raise NotAMail(f"it has {len(recipients)} recipients; {MOST_RECIPIENTS} fit")
    if not recipients and not refused:
        raise NotAMail("it has no recipients")
    html = config.get("html")
    message = compose(
        sender=Mailbox.parse(sender),
        to=boxes["to"],
        cc=boxes["cc"],
        reply_to=_reply_to(config.get("replyTo"), context),
        subject=_render("subject", config["subject"], context),
        text=_render("text", config["text"], context),
        html=_render("html", html, context, escape=True) if html else None,
        message_id=f"{token}@{urlsplit(base_url).hostname or 'runsheet'}",
        at=at,
    )
    return Mail(message, recipients, refused)


def not_made(fault: MissingPath | NotAMail) -> str:
    """The error of an attempt whose mail could not be made."""
    if isinstance(fault, MissingPath):
        return f"{fault.path} is missing: no mail was made"
    return f"No mail was made: {fault}"


def same_recipients(config: Mapping[str, Any], published: Mapping[str, Any]) -> bool:
    """Whether a step's mail goes to whom its version says. Only who may add automation can have
    written that, so whatever its placeholders are filled in with is meant."""
    return all(config.get(field) == published.get(field) for field in _RECIPIENTS)


def _boxes(
    given: Sequence[str] | None,
    context: Mapping[str, Any],
    refused: list[Refusal],
    inside: frozenset[str],
) -> list[Mailbox]:
    """The addresses of one field. One that is none loses no other."""
    boxes: list[Mailbox] = []
    for text in given or ():
        for filled, box in _read(text, context):
            if box is None:
                refused.append(refusal(one_line(filled)[:200], _NO_ADDRESS))
            elif inside and box.domain not in inside:
                refused.append(refusal(box.address, _OUTSIDE))
            else:
                boxes.append(box)
    return boxes


def _read(text: str, context: Mapping[str, Any]) -> Iterator[tuple[str, Mailbox | None]]:
    """What an address is filled in with, and the address if it is one. A placeholder alone may
    give a list; what is filled in for a name stays a name, whatever it looks like."""
    name, address = split(text)
    if name:
        filled = fill_text(address, context)
        yield filled, _box(lambda: Mailbox.of(filled, fill_text(name, context)))
        return
    value = fill(text, context)
    for one in cast("list[Any]", value) if isinstance(value, list) else [value]:
        yield written(one), _box(lambda one=one: Mailbox.parse(written(one)))


def _box(make: Callable[[], Mailbox]) -> Mailbox | None:
    try:
        return make()
    except ValueError:
        return None


def _reply_to(text: str | None, context: Mapping[str, Any]) -> list[Mailbox]:
    refused: list[Refusal] = []
    boxes = _boxes([text] if text else [], context, refused, frozenset())
    if refused:
        raise NotAMail(f"replyTo: {refused[0]['address']!r} is not a mail address")
    return boxes


def _render(field: str, text: str, context: Mapping[str, Any], *, escape: bool = False) -> str:
    try:
        return liquid.render(text, context, escape)
    except NotRenderable as fault:
        raise NotAMail(f"{field}, {fault}" if fault.line else f"{field}: {fault}") from None
