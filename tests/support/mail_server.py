"""A real SMTP server that answers as a test tells it to, stage by stage."""

import base64
import socketserver
import ssl
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

# Instead of an answer: hang up; say nothing until the test ends; never come to an end of it.
DROP, STALL, DRIP = "drop", "stall", "drip"
Answer = str | Callable[[str], str]


@dataclass
class Heard:
    """One connection: what was said on it, and the mails handed over."""

    lines: list[str] = field(default_factory=list[str])
    mails: list[tuple[list[str], bytes]] = field(default_factory=list[tuple[list[str], bytes]])
    secure: bool = False

    @property
    def verbs(self) -> list[str]:
        return [line.split(" ")[0] for line in self.lines]


class MailServer(socketserver.ThreadingTCPServer):
    """`answers`: what is said at `greeting`, at a verb, and at `text`; a function gets the line.
    `offers`: lines of the answer to EHLO."""

    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True

    def __init__(
        self,
        answers: Mapping[str, Answer] | None = None,
        *,
        offers: tuple[str, ...] = (),
        tls: ssl.SSLContext | None = None,
        implicit: bool = False,
    ) -> None:
        self.answers: dict[str, Any] = dict(answers or {})
        self.offers = offers
        self.tls, self.implicit = tls, implicit
        self.heard: list[Heard] = []
        self.stalling = threading.Event()
        self.ended = threading.Event()
        super().__init__(("127.0.0.1", 0), _Conversation)

    def __enter__(self) -> "MailServer":
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: Any) -> None:
        self.ended.set()
        self.shutdown()
        self.server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that hang up are part of the tests."""

    def url(self, user: str = "", *, scheme: str = "smtp", query: str = "") -> str:
        host = "localhost" if self.tls else "127.0.0.1"
        return f"{scheme}://{user}{'@' if user else ''}{host}:{self.server_address[1]}{query}"

    @property
    def mails(self) -> list[tuple[list[str], bytes]]:
        """All mails taken, each with its envelope's recipients."""
        return [mail for heard in self.heard for mail in heard.mails]


class _Hangup(Exception):
    pass


class _Conversation(socketserver.BaseRequestHandler):
    server: MailServer  # pyright: ignore[reportIncompatibleVariableOverride]

    def handle(self) -> None:
        self.sock = self.request
        self.heard = Heard(secure=self.server.implicit)
        self.server.heard.append(self.heard)
        self.buffer = b""
        self.taken_for: list[str] = []
        try:
            if self.server.implicit:
                self._begin_tls()
            self._say("greeting", "", "220 here")
            while line := self._line():
                text = line.decode("latin-1").rstrip("\r\n")
                self.heard.lines.append(text)
                self._obey(text.split(" ")[0].upper(), text)
        except (_Hangup, OSError):
            return
        finally:
            self.sock.close()

    def _obey(self, verb: str, line: str) -> None:
        usual = {
            "EHLO": self._hello(),
            "STARTTLS": "220 go on",
            "AUTH": "235 welcome",
            "DATA": "354 go on",
            "QUIT": "221 bye",
        }.get(verb, "250 ok")
        said = self._say(verb, line, usual)
        if verb == "STARTTLS" and said.startswith("2"):
            self._begin_tls()
            self.heard.secure = True
        if verb in ("MAIL", "RSET"):
            self.taken_for = []
        if verb == "RCPT" and said.startswith("2"):
            self.taken_for.append(line.partition("<")[2].rstrip(">"))
        if verb == "DATA" and said.startswith("3"):
            taken = (self.taken_for, self._text())
            self._say("text", "", "250 taken", then=lambda: self.heard.mails.append(taken))
        if verb == "QUIT":
            raise _Hangup

    def _hello(self) -> str:
        offers = ["here", *self.server.offers]
        if self.server.tls and not self.heard.secure:
            offers.append("STARTTLS")
        return "\r\n".join([*(f"250-{offer}" for offer in offers), "250 SMTPUTF8"])

    def _say(
        self, stage: str, line: str, usual: str, then: Callable[[], object] = lambda: None
    ) -> str:
        """Say what the test wants, or the usual; `then`: what is so before a good answer."""
        answer = self.server.answers.get(stage, usual)
        said = str(answer(line) if callable(answer) else answer)
        if said == STALL:
            self.server.stalling.set()
            self.server.ended.wait()
        while said == DRIP and not self.server.ended.wait(0.05):
            self.server.stalling.set()
            self.sock.sendall(b"250-more\r\n")
        if said in (DROP, STALL, DRIP):
            raise _Hangup
        if said.startswith("2"):
            then()
        self.sock.sendall(said.encode() + b"\r\n")
        return said

    def _begin_tls(self) -> None:
        assert self.server.tls is not None
        self.sock = self.server.tls.wrap_socket(
            self.sock, server_side=True, do_handshake_on_connect=False
        )
        self.sock.do_handshake()

    def _line(self) -> bytes:
        while b"\n" not in self.buffer:
            piece = self.sock.recv(65536)
            if not piece:
                return b""
            self.buffer += piece
        line, _, self.buffer = self.buffer.partition(b"\n")
        return line + b"\n"

    def _text(self) -> bytes:
        lines: list[bytes] = []
        while (line := self._line()) != b".\r\n":
            if not line:
                raise _Hangup
            lines.append(line[1:] if line.startswith(b".") else line)
        return b"".join(lines)


def plain_credentials(line: str) -> tuple[str, str]:
    """What `AUTH PLAIN …` says."""
    _, user, password = base64.b64decode(line.split(" ")[2]).decode().split("\0")
    return user, password
