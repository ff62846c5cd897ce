"""The mail of an AUTOMATION_EMAIL step, made from what its author wrote. Pure: nothing is sent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from typing import Any, cast
from urllib.parse import urlsplit

from app.domain import liquid
from app.domain.liquid import NotRenderable
from app.domain.mail_message import NotAMail, compose
from app.domain.placeholders import fill, fill_text, written
from app.mailbox import Mailbox, split

MOST_RECIPIENTS = 150
TAKEN_FOR = "takenFor"  # in an attempt's context: who has the mail from an earlier attempt


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail, the bare addresses it goes to (blind copies too), and what was filled in for an
    address and is none."""

    message: EmailMessage
    recipients: list[str]
    unfit: list[str]


def build(
    config: Mapping[str, Any],
    context: Mapping[str, Any],
    *,
    token: str,
    sender: str,
    base_url: str,
    at: datetime,
) -> Mail:
    """Fill a mail in. Addresses take placeholders; subject and bodies are Liquid. The Message-ID
    comes from the execution token, so that a mail sent twice can be recognised. Raises MissingPath
    or NotAMail."""
    unfit: list[str] = []
    boxes = {field: _boxes(config.get(field), context, unfit) for field in ("to", "cc", "bcc")}
    recipients = list(
        {box.address.lower(): box.address for f in boxes.values() for box in f}.values()
    )
    if len(recipients) > MOST_RECIPIENTS:
        raise NotAMail(f"it has {len(recipients)} recipients; {MOST_RECIPIENTS} fit")
    html = config.get("html")
    message = compose(
        sender=Mailbox.parse(sender),
        to=boxes["to"],
        cc=boxes["cc"],
        reply_to=_reply_to(config.get("replyTo"), context),
        subject=_render(config["subject"], context),
        text=_render(config["text"], context),
        html=_render(html, context, escape=True) if html else None,
        message_id=f"{token}@{urlsplit(base_url).hostname or 'runsheet'}",
        at=at,
    )
    return Mail(message, recipients, unfit)


def _boxes(
    given: Sequence[str] | None, context: Mapping[str, Any], unfit: list[str]
) -> list[Mailbox]:
    """The addresses of one field. One that is none loses no other."""
    boxes: list[Mailbox] = []
    for text in given or ():
        for name, address in _filled(text, context):
            try:
                boxes.append(Mailbox.of(address, name))
            except ValueError:
                unfit.append(address[:200])
    return boxes


def _filled(text: str, context: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Names and addresses: a placeholder alone may give a list of them. What is filled in for a
    name stays a name, whatever it looks like."""
    name, address = split(text)
    if name:
        return [(fill_text(name, context), fill_text(address, context))]
    value = fill(text, context)
    values = cast("list[Any]", value) if isinstance(value, list) else [value]
    return [split(written(each)) for each in values]


def _reply_to(text: str | None, context: Mapping[str, Any]) -> list[Mailbox]:
    unfit: list[str] = []
    boxes = _boxes([text] if text else [], context, unfit)
    if unfit:
        raise NotAMail(f"replyTo: {unfit[0]!r} is not a mail address")
    return boxes


def _render(text: str, context: Mapping[str, Any], *, escape: bool = False) -> str:
    try:
        return liquid.render(text, context, escape)
    except NotRenderable as fault:
        raise NotAMail(f"the text can't be rendered: {fault}") from None
