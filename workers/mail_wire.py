"""The SMTP conversation on one connection. Private to `workers.mailer`."""

import base64
import re
import socket
from collections.abc import Sequence
from contextlib import suppress

from app.domain.mail_answers import Delivery, Reply
from workers.outbound_attempt import Attempt

_MOST_REPLY = 16 * 1024  # bytes of one answer
_REPLY_LINE = re.compile(rb"([2-5][0-9][0-9])([ -]?)(.*)", re.DOTALL)


class Refused(Exception):
    """The server said no, to all of the mail, at this stage of the conversation."""

    def __init__(self, stage: str, reply: Reply) -> None:
        super().__init__(f"{stage}: {reply.code}")
        self.stage, self.reply = stage, reply


class NotOffered(Exception):
    """The server lacks what the settings ask for; the message says what."""


class BadReply(OSError):
    """What came is no answer of SMTP."""


class Lost(Exception):
    """The conversation did not come about, or broke off: how (a word of `mail_answers`), where."""

    def __init__(self, kind: str, stage: str, detail: str = "") -> None:
        super().__init__(f"{kind} at {stage}")
        self.kind, self.stage, self.detail = kind, stage, detail

    @classmethod
    def because(cls, error: OSError, stage: str) -> "Lost":
        return cls("bad_response" if isinstance(error, BadReply) else "connection_lost", stage)


class Conversation:
    """One connection. Every method may raise OSError when it breaks: the attempt says why."""

    __slots__ = ("_buffer", "extensions", "idle_since", "reused", "sock", "stage")

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.stage = "greeting"
        self.extensions: dict[str, str] = {}
        self.reused = False
        self.idle_since = 0.0
        self._buffer = b""

    # -- one exchange

    def greet(self) -> None:
        """Read the server's first words."""
        self._expect(self.read_reply(), 220)

    def hello(self, name: str) -> None:
        """EHLO; an old server is greeted with HELO and offers nothing."""
        reply = self.command("EHLO", name)
        if reply.code in (500, 501, 502, 504):
            self._expect(self.command("HELO", name), 250)
            self.extensions = {}
            return
        self._expect(reply, 250)
        offers = (line.partition(" ") for line in reply.lines[1:])
        self.extensions = {word.upper(): rest for word, _, rest in offers}

    def begin_tls(self) -> None:
        """STARTTLS; whoever calls it wraps the socket next."""
        self._expect(self.command("STARTTLS"), 220)
        if self._buffer:  # said before the handshake, so perhaps by somebody in between
            raise BadReply("the server went on before TLS began")

    def sign_in(self, user: str, password: str) -> None:
        """AUTH, by PLAIN or LOGIN."""
        ways = self.extensions.get("AUTH", "").upper().split()
        if "PLAIN" in ways:
            secret = _encoded(f"\0{user}\0{password}")
            self._expect(self.command("AUTH", f"PLAIN {secret}"), 235)
        elif "LOGIN" in ways:
            self._expect(self.command("AUTH", "LOGIN"), 334)
            self._expect(self._say(_encoded(user)), 334)
            self._expect(self._say(_encoded(password)), 235)
        else:
            raise NotOffered("does not offer to sign in by PLAIN or LOGIN")

    def is_usable(self) -> bool:
        """RSET: whether a kept connection still answers, with nothing of the last mail left."""
        with suppress(OSError):
            return not self._buffer and self.command("RSET").code // 100 == 2
        return False

    def say_goodbye(self) -> None:
        """QUIT without waiting for the answer: nothing hangs on it any more."""
        with suppress(OSError, ValueError):
            self.sock.setblocking(False)
            self.sock.send(b"QUIT\r\n")

    # -- a mail

    def deliver(
        self, sender: str, recipients: Sequence[str], text: bytes, attempt: Attempt
    ) -> Delivery:
        """Hand one mail over. Raises Refused if the server takes it for nobody, for a reason that
        is not a recipient's. `attempt.sent` is true from the moment it may have taken it."""
        delivery = Delivery()
        size = f" SIZE={len(text)}" if "SIZE" in self.extensions else ""
        self._expect(self.command("MAIL", f"FROM:<{sender}>{size}"), 250)
        for address in recipients:
            reply = self.command("RCPT", f"TO:<{address}>")
            if reply.code // 100 == 2:
                delivery.accepted.append(address)
            elif reply.code == 421:
                raise Refused(self.stage, reply)
            else:
                delivery.refused.append((address, reply))
        if delivery.accepted:
            self._expect(self.command("DATA"), 354)
            delivery.answer = self._hand_over(text, attempt)
        return delivery

    def _hand_over(self, text: bytes, attempt: Attempt) -> Reply:
        """The text, and then the dot that ends it: before the dot, nothing can be taken."""
        self.stage = "the text"
        self.sock.sendall(dot_stuffed(text))
        attempt.sent = True
        self.sock.sendall(b".\r\n")
        reply = self.read_reply()
        self._expect(reply, 250)
        return reply

    # -- lines

    def command(self, verb: str, rest: str = "") -> Reply:
        """Say one line and read the answer."""
        self.stage = verb
        return self._say(f"{verb} {rest}".rstrip())

    def _say(self, line: str) -> Reply:
        data = line.encode("ascii")
        if b"\r" in data or b"\n" in data:
            raise ValueError("a line of SMTP must not contain line breaks")
        self.sock.sendall(data + b"\r\n")
        return self.read_reply()

    def _expect(self, reply: Reply, code: int) -> None:
        """By its first digit, as RFC 5321 tells clients to."""
        if reply.code // 100 != code // 100:
            raise Refused(self.stage, reply)

    def read_reply(self) -> Reply:
        """The next answer, however many lines it has."""
        lines: list[str] = []
        left = _MOST_REPLY
        while True:
            line = self._read_line(left)
            left -= len(line) + 1
            parts = _REPLY_LINE.fullmatch(line)
            if parts is None:
                raise BadReply("no answer of SMTP")
            lines.append(parts[3].decode("utf-8", "replace").strip())
            if parts[2] != b"-":
                return Reply(int(parts[1]), tuple(lines))

    def _read_line(self, most: int) -> bytes:
        while b"\n" not in self._buffer:
            if len(self._buffer) > most:
                raise BadReply("an answer without end")
            piece = self.sock.recv(4096)
            if not piece:
                raise ConnectionResetError("the server hung up")
            self._buffer += piece
        line, _, self._buffer = self._buffer.partition(b"\n")
        if len(line) > most:
            raise BadReply("an answer without end")
        return line.removesuffix(b"\r")


def dot_stuffed(text: bytes) -> bytes:
    """The text with CRLF line ends, the last one too, and a dot before every dot that begins a
    line. A lone CR or LF would end a line for some servers and not for others."""
    lines = re.sub(rb"\r\n|\r|\n", b"\r\n", text)
    if not lines.endswith(b"\r\n"):
        lines += b"\r\n"
    return re.sub(rb"(?m)^\.", b"..", lines)


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode("ascii")
