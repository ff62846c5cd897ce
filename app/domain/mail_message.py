"""A mail as it goes over the wire. Headers are written here to the last byte: Python's own
policies read what they are given again, and what they decode can break a line. Pure."""

import base64
import re
from collections.abc import Iterable
from datetime import datetime
from email.errors import MessageError
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import format_datetime
from typing import Any

from app.mailbox import Mailbox, one_line

LONGEST_SUBJECT = 998
_WIDTH = 76
_WORD_BYTES = 42  # of UTF-8 in one encoded word: 75 characters once encoded
_PLAIN_NAME = re.compile(r"[A-Za-z0-9 !#$%&'*+/=?^_`{|}~-]+")
_UNSENDABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


class NotAMail(ValueError):
    """The mail can't be made from this; the message says why."""


class _Wire(EmailPolicy):
    """Headers are kept and written as they are given: printable ASCII, folded at spaces. Bodies
    are encoded so that any server may carry them."""

    def header_store_parse(self, name: str, value: Any) -> tuple[str, str]:
        text = str(value)
        if not (text.isascii() and text.isprintable() and name.isascii()):
            raise NotAMail(f"the header {name} can't be written")
        return name, text

    def header_fetch_parse(self, name: str, value: str) -> str:
        return value

    def fold(self, name: str, value: str) -> str:
        return _folded(f"{name}: {value}") + "\r\n"

    def fold_binary(self, name: str, value: str) -> bytes:
        return self.fold(name, value).encode("ascii")


_WIRE = _Wire(linesep="\r\n", cte_type="7bit", max_line_length=_WIDTH)


def compose(
    *,
    sender: Mailbox,
    to: Iterable[Mailbox],
    cc: Iterable[Mailbox] = (),
    reply_to: Iterable[Mailbox] = (),
    subject: str,
    text: str,
    html: str | None = None,
    message_id: str,
    at: datetime,
) -> EmailMessage:
    """Make a mail. Blind copies have no place in it: they are only recipients. Raises NotAMail."""
    mail = EmailMessage(policy=_WIRE)
    mail["From"] = _written(sender)
    for name, boxes in (("To", to), ("Cc", cc), ("Reply-To", reply_to)):
        if value := ", ".join(map(_written, boxes)):
            mail[name] = value
    mail["Subject"] = _subject(subject)
    mail["Date"] = format_datetime(at)
    mail["Message-ID"] = f"<{message_id}>"
    mail["Auto-Submitted"] = "auto-generated"  # holds off answers from vacation programs
    if text.strip() or html is None:
        mail.set_content(_UNSENDABLE.sub("\ufffd", text))
    if html is not None:
        add = mail.add_alternative if text.strip() else mail.set_content
        add(_UNSENDABLE.sub("\ufffd", html), subtype="html")
    return mail


def wire_bytes(mail: EmailMessage) -> bytes:
    """The mail as bytes, with exactly the headers it was given, each on its line; whatever was
    wrong with it, never with another one. Raises NotAMail."""
    try:
        data = mail.as_bytes(policy=_WIRE)
    except (MessageError, UnicodeError, ValueError) as error:
        raise NotAMail(f"it can't be written: {error}") from None
    head = data.partition(b"\r\n\r\n")[0].decode("ascii", "replace")
    names = [line.partition(":")[0] for line in head.split("\r\n") if line[:1] not in (" ", "\t")]
    if names != list(mail.keys()) or "bcc" in {name.lower() for name in names}:
        raise NotAMail("its headers are not the ones intended")
    if re.search(r"\r(?!\n)|(?<!\r)\n", head):
        raise NotAMail("its headers have a broken line")
    return data


def sender_of(mail: EmailMessage) -> str:
    """The address that bounces go to."""
    return Mailbox.parse(str(mail["From"])).address


def _subject(text: str) -> str:
    subject = one_line(text).strip()
    if len(subject) > LONGEST_SUBJECT:
        raise NotAMail(f"the subject has {len(subject)} characters; {LONGEST_SUBJECT} fit")
    return _words(subject)


def _written(box: Mailbox) -> str:
    if not box.name:
        return box.address
    name = _words(box.name)
    if name == box.name and not _PLAIN_NAME.fullmatch(name):
        name = '"' + re.sub(r'(["\\])', r"\\\1", name) + '"'
    return f"{name} <{box.address}>"


def _words(text: str) -> str:
    """Header text in ASCII: as it is, or in encoded words (RFC 2047) if it has other characters,
    looks like an encoded word itself, or has a word too long to fold."""
    plain = text.isascii() and text.isprintable() and "=?" not in text
    if plain and all(len(word) < _WIDTH - 12 for word in text.split(" ")):
        return text
    words, piece = list[str](), b""
    for char in text:
        encoded = char.encode("utf-8", "replace")
        if len(piece) + len(encoded) > _WORD_BYTES:
            words.append(_encoded(piece))
            piece = b""
        piece += encoded
    return " ".join([*words, _encoded(piece)])


def _encoded(piece: bytes) -> str:
    return f"=?utf-8?b?{base64.b64encode(piece).decode('ascii')}?="


def _folded(line: str) -> str:
    """A header on lines of 76 characters, where its spaces allow it."""
    lines = [""]
    for number, word in enumerate(line.split(" ")):
        if number == 0:
            lines[-1] = word
        elif number == 1 or len(lines[-1]) + len(word) < _WIDTH:
            lines[-1] += f" {word}"
        else:
            lines.append(f" {word}")
    return "\r\n".join(lines)
