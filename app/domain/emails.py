"""Building a mail from what an author wrote. Pure: nothing is sent here."""

import re
from collections.abc import Mapping
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import parseaddr
from typing import Any
from urllib.parse import urlsplit

from app.domain import liquid
from app.domain.liquid import NotRenderable
from app.domain.placeholders import fill_text

_BREAKS = re.compile(r"[\r\n\x00-\x1f]+")


class NotAMail(ValueError):
    """The mail can't be made from this; the message says why."""


def build(
    config: Mapping[str, Any], context: Mapping[str, Any], token: str, sender: str, base_url: str
) -> EmailMessage:
    """Fill a mail in. Addresses take placeholders; subject and bodies are Liquid. The Message-ID
    comes from the execution token, so that a mail sent twice can be recognised. Raises MissingPath
    or NotAMail."""
    mail = EmailMessage()
    mail["From"] = sender
    for header, field in (("To", "to"), ("Cc", "cc"), ("Bcc", "bcc"), ("Reply-To", "replyTo")):
        if addresses := _addresses(config.get(field), context):
            mail[header] = addresses
    mail["Subject"] = _BREAKS.sub(" ", _render(config["subject"], context)).strip()
    mail["Message-ID"] = f"<{token}@{urlsplit(base_url).hostname or 'runsheet'}>"
    mail.set_content(_render(config["text"], context))
    if config.get("html"):
        mail.add_alternative(_render(config["html"], context, escape=True), subtype="html")
    return mail


def _addresses(given: Any, context: Mapping[str, Any]) -> list[Address]:
    texts = [given] if isinstance(given, str) else list(given or [])
    return [_address(fill_text(text, context)) for text in texts]


def _address(text: str) -> Address:
    name, address = parseaddr(_BREAKS.sub(" ", text))
    try:
        user, domain = address.rsplit("@", 1)
        return Address(display_name=name, username=user, domain=domain)
    except ValueError:
        raise NotAMail(f"{text[:100]!r} is not a mail address") from None


def _render(text: str, context: Mapping[str, Any], *, escape: bool = False) -> str:
    try:
        return liquid.render(text, context, escape)
    except NotRenderable as fault:
        raise NotAMail(f"the text can't be rendered: {fault}") from None
