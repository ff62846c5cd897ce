"""What must hold of an email step before it is saved: each fault at its field."""

from collections.abc import Iterator

from app.domain import liquid
from app.domain.liquid import NotRenderable
from app.domain.placeholders import without_placeholders
from app.errors import FieldError, Invalid
from app.mailbox import Mailbox
from app.schemas.actions import Email

_KNOWN = ("input", "steps", "instance", "now", "today")


def check(config: Email, at: str) -> None:
    """Raises Invalid with all faults."""
    if faults := [*_of_addresses(config, at), *_of_texts(config, at)]:
        raise Invalid(faults)


def _of_addresses(config: Email, at: str) -> Iterator[FieldError]:
    """Addresses with placeholders are looked at once they are filled in, when the mail is sent."""
    for field, addresses in (("to", config.to), ("cc", config.cc), ("bcc", config.bcc)):
        for number, text in enumerate(addresses):
            if fault := _of_address(text):
                yield FieldError(f"{at}.{field}.{number}", fault)
    if config.reply_to and (fault := _of_address(config.reply_to)):
        yield FieldError(f"{at}.replyTo", fault)


def _of_address(text: str) -> str | None:
    rest = without_placeholders(text)
    if "{{" in rest or "}}" in rest or "{%" in rest:
        return "An address takes plain placeholders only, such as {{ input.email }}."
    if rest != text:
        return None
    try:
        Mailbox.parse(text)
    except ValueError as fault:
        return str(fault)
    return None


def _of_texts(config: Email, at: str) -> Iterator[FieldError]:
    for field, text in (("subject", config.subject), ("text", config.text), ("html", config.html)):
        if text and (fault := _of_text(text)):
            yield FieldError(f"{at}.{field}", fault)


def _of_text(text: str) -> str | None:
    try:
        liquid.check_syntax(text)
    except NotRenderable as fault:
        words = str(fault)
        return f"{words[0].upper()}{words[1:]}."
    for parts, line in liquid.paths(text):
        if parts[0] not in _KNOWN:
            where = f"Line {line}: " if "\n" in text else ""
            path = ".".join(parts)
            return f"{where}{path} leads nowhere. Values are in input, steps and instance."
    return None
