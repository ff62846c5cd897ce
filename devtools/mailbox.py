"""Caught mails: one .eml file each, and how they would be read."""

from __future__ import annotations

import email
import email.policy
import os
import re
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from functools import lru_cache
from pathlib import Path

from devtools.smtp import Envelope

KEPT = 500
SHOWN_TEXT = 64 * 1024


@dataclass(frozen=True)
class Mail:
    """One mail, as programs see it in `GET /_mails`."""

    id: int
    at: str
    sender: str
    to: str
    cc: str
    recipients: list[str]  # the envelope's: who really gets it
    subject: str
    text: str
    html: str


class Mailbox:
    """A folder of mails, the last 500, numbered from 1."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.lock = threading.Lock()
        folder.mkdir(parents=True, exist_ok=True)
        self.count = max(self._numbers(), default=0)

    def keep(self, envelope: Envelope, mail: bytes) -> None:
        """Store a mail; it is complete or not there at all."""
        head = f"X-Envelope-From: {envelope.sender}\r\n" + "".join(
            f"X-Envelope-To: {recipient}\r\n" for recipient in envelope.recipients
        )
        with self.lock:
            self.count += 1
            path = self._path(self.count)
            part = path.with_suffix(".part")
            part.write_bytes(head.encode(errors="replace") + mail)
            os.replace(part, path)
            for number in sorted(self._numbers())[:-KEPT]:
                self._path(number).unlink(missing_ok=True)

    def newest(self, after: int = 0, limit: int = KEPT) -> list[Mail]:
        numbers = sorted((n for n in self._numbers() if n > after), reverse=True)[:limit]
        mails = [self.get(number) for number in numbers]
        return [mail for mail in mails if mail]

    def get(self, number: int) -> Mail | None:
        path = self._path(number)
        return read(path, number) if path.is_file() else None

    def clear(self) -> None:
        with self.lock:
            for number in self._numbers():
                self._path(number).unlink(missing_ok=True)

    def _path(self, number: int) -> Path:
        return self.folder / f"{number:06d}.eml"

    def _numbers(self) -> list[int]:
        names = (path.name for path in self.folder.glob("*.eml"))
        return [int(name[:-4]) for name in names if re.fullmatch(r"\d{6,}\.eml", name)]


@lru_cache(maxsize=KEPT)
def read(path: Path, number: int) -> Mail:
    """Parse a stored mail; a file never changes, so once is enough."""
    raw = path.read_bytes()
    caught = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    message = email.message_from_bytes(raw, policy=email.policy.default)
    return Mail(
        id=number,
        at=caught.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        sender=header(message, "From"),
        to=header(message, "To"),
        cc=header(message, "Cc"),
        recipients=[str(to) for to in texts(message.get_all("X-Envelope-To"))],
        subject=header(message, "Subject"),
        text=part(message, "plain"),
        html=part(message, "html"),
    )


def texts(values: Iterable[object] | None) -> list[str]:
    return [str(value) for value in values or ()]


def header(message: EmailMessage, name: str) -> str:
    """Malformed headers make the parser itself raise; the mail is shown all the same."""
    try:
        return ", ".join(texts(message.get_all(name)))
    except Exception as error:  # noqa: BLE001
        return f"(unreadable: {error})"


def part(message: EmailMessage, kind: str) -> str:
    try:
        found = message.get_body(preferencelist=(kind,))
        return str(found.get_content())[:SHOWN_TEXT] if found else ""
    except Exception as error:  # noqa: BLE001
        return f"(unreadable: {error})"
