"""A small SMTP server that takes every mail and delivers none. Loopback only, no TLS."""

from __future__ import annotations

import re
import socketserver
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

LARGEST_MAIL = 10 * 1024 * 1024
LONGEST_LINE = 64 * 1024  # far above RFC 5321's 1000: lax in what is taken
MOST_RECIPIENTS = 1000
MOST_CONNECTIONS = 64
MOST_MISTAKES = 20

ADDRESS = re.compile(r"(?:FROM|TO):\s*<([^<>\x00-\x1f]*)>", re.IGNORECASE)


@dataclass
class Envelope:
    """Who a mail is really from and for; blind copies stand only here."""

    sender: str = ""
    recipients: list[str] = field(default_factory=list[str])


Keep = Callable[[Envelope, bytes], None]


class SmtpServer(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True

    def __init__(self, port: int, keep: Keep) -> None:
        self.keep = keep
        self.free = threading.BoundedSemaphore(MOST_CONNECTIONS)
        super().__init__(("127.0.0.1", port), Conversation)

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def process_request(self, request: Any, client_address: Any) -> None:
        if self.free.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            request.sendall(b"421 Too many connections.\r\n")
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self.free.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Who hangs up in the middle is no news."""


class Conversation(socketserver.StreamRequestHandler):
    """One connection: a command per line, an answer per command."""

    server: SmtpServer  # pyright: ignore[reportIncompatibleVariableOverride]
    timeout = 60

    def handle(self) -> None:
        self.greeted = False
        self.envelope: Envelope | None = None
        mistakes = 0
        self.say("220 Runsheet's mail catcher: nothing leaves this machine.")
        while (line := self.rfile.readline(LONGEST_LINE)) and mistakes < MOST_MISTAKES:
            verb, _, rest = line.decode(errors="replace").strip().partition(" ")
            if verb.upper() == "QUIT":
                self.say("221 Bye.")
                return
            answer = self.obey(verb.upper(), rest)
            mistakes += answer.startswith("5")
            self.say(answer)

    def obey(self, verb: str, rest: str) -> str:
        commands: dict[str, Callable[[str], str]] = {
            "HELO": self.hello,
            "EHLO": self.hello,
            "MAIL": self.mail,
            "RCPT": self.recipient,
            "DATA": self.data,
            "RSET": self.reset,
            "NOOP": lambda _: "250 Fine.",
            "VRFY": lambda _: "252 Send it and see.",
        }
        if verb in commands:
            return commands[verb](rest)
        return "502 Not a command of this server."

    def hello(self, name: str) -> str:
        self.greeted = True
        self.envelope = None
        return "\n".join(
            [f"250-Hello {name[:100]}.", f"250-SIZE {LARGEST_MAIL}", "250-8BITMIME", "250 SMTPUTF8"]
        )

    def mail(self, rest: str) -> str:
        found = ADDRESS.match(rest)
        if not self.greeted:
            return "503 Say hello first."
        if not found:
            return "501 MAIL FROM:<address> is expected."
        size = re.search(r"\bSIZE=(\d{1,15})\b", rest, re.IGNORECASE)
        if size and int(size[1]) > LARGEST_MAIL:
            return "552 The mail is too large."
        self.envelope = Envelope(found[1])
        return "250 Sender noted."

    def recipient(self, rest: str) -> str:
        found = ADDRESS.match(rest)
        if self.envelope is None:
            return "503 MAIL comes first."
        if not found or not found[1]:
            return "501 RCPT TO:<address> is expected."
        if len(self.envelope.recipients) >= MOST_RECIPIENTS:
            return "452 Too many recipients."
        self.envelope.recipients.append(found[1])
        return "250 Recipient noted."

    def reset(self, _: str) -> str:
        self.envelope = None
        return "250 Forgotten."

    def data(self, _: str) -> str:
        envelope = self.envelope
        if envelope is None or not envelope.recipients:
            return "503 RCPT comes first."
        self.say("354 Go on; end with a dot alone.")
        mail = self.read_mail()
        self.envelope = None
        if mail is None:
            return "552 The mail is too large."
        self.server.keep(envelope, mail)
        return "250 Caught."

    def read_mail(self) -> bytes | None:
        """Everything up to the lone dot; None when that was too much (it is read all the same)."""
        lines: list[bytes] = []
        size = 0
        at_start = True  # of a line: a long line comes in pieces, and only its start is stuffed
        while (piece := self.rfile.readline(LONGEST_LINE)) != b".\r\n" or not at_start:
            if not piece:
                raise ConnectionError("the sender hung up inside the mail")
            size += len(piece)
            if size <= LARGEST_MAIL:
                lines.append(piece[1:] if at_start and piece.startswith(b".") else piece)
            at_start = piece.endswith(b"\n")
        return b"".join(lines) if size <= LARGEST_MAIL else None

    def say(self, text: str) -> None:
        self.wfile.write(text.replace("\n", "\r\n").encode() + b"\r\n")
