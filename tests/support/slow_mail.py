"""An SMTP server in threads that keeps what it gets and may be slow."""

import email
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import policy
from email.message import EmailMessage

from devtools.smtp import Envelope, SmtpServer


@dataclass
class MailServer:
    """`pause` is how long it takes over each mail, in seconds; `in_hand`: how many it has got and
    not yet said yes to."""

    port: int = 0
    pause: float = 0.0
    mails: list[EmailMessage] = field(default_factory=list[EmailMessage])
    in_hand: int = 0
    arrived: threading.Condition = field(default_factory=threading.Condition)

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    def keep(self, _envelope: Envelope, mail: bytes) -> None:
        with self.arrived:
            self.in_hand += 1
        threading.Event().wait(self.pause)
        with self.arrived:
            self.in_hand -= 1
            self.mails.append(
                email.message_from_bytes(mail, _class=EmailMessage, policy=policy.default)
            )
            self.arrived.notify_all()

    def wait_for(self, count: int, seconds: float = 60) -> list[EmailMessage]:
        """Wait until so many mails have come."""
        with self.arrived:
            came = self.arrived.wait_for(lambda: len(self.mails) >= count, seconds)
            assert came, f"only {len(self.mails)} of {count} mails came"
            return list(self.mails)

    @property
    def tokens(self) -> list[str]:
        """What tells mails apart: the same on every try of one delivery."""
        return [str(mail["Message-ID"]).strip("<>").partition("@")[0] for mail in self.mails]


@contextmanager
def mail_server(port: int = 0, pause: float = 0.0) -> Iterator[MailServer]:
    """A server for the length of a block; with `port` on that port."""
    found = MailServer(pause=pause)
    server = SmtpServer(port, found.keep)
    found.port = server.port
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()
