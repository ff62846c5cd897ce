"""HTTP/1.1 on the wire: one request out, one bounded response in. Private to `workers.outbound`.

Why not urllib3 or http.client: a keep-alive POST costs 330 µs of CPU in the first and 210 µs in
the second (measured with 16 threads), most of it in email.parser; a bare socket costs 30 µs and
this about 60. And neither bounds what it reads: http.client skips any number of 100 Continue
answers, takes 6.5 MB of headers, and reads on for as long as bytes drip. This reader is strict
instead of forgiving: what is not plainly HTTP/1.x is `bad_response`.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from workers.outbound_attempt import SendFailed

Headers = list[tuple[str, str]]

MAX_HEADERS = 100
MAX_HEAD_BYTES = 64 * 1024  # all heads of one response together, interim ones included
MAX_INTERIM = 8
MAX_BODY_READ = 64 * 1024  # chunk framing included
_MAX_LINE = 8 * 1024
_RECV_SIZE = 16 * 1024

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_WITH_LENGTH = frozenset({"POST", "PUT", "PATCH"})
# They decide where a request ends and who reads it, so only this module writes them.
_RESERVED = frozenset(
    {"host", "content-length", "transfer-encoding", "connection", "keep-alive", "te", "trailer"}
    | {"upgrade", "expect", "proxy-connection", "proxy-authorization"}
)
_FRAMING = frozenset({"content-length", "transfer-encoding", "connection"})
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+").fullmatch
_BREAK = re.compile(r"[\x00\r\n]").search
_STATUS = re.compile(r"HTTP/1\.([01]) ([1-5][0-9]{2})(?: .*)?").fullmatch
_LENGTH = re.compile(r"[0-9]{1,18}").fullmatch
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;.*)?").fullmatch

try:
    USER_AGENT = f"Runsheet/{version('runsheet')}"
except PackageNotFoundError:  # run from a checkout that is not installed
    USER_AGENT = "Runsheet"


class BadResponse(Exception):
    """The response breaks a rule; the first argument is the kind that is stored."""


class ConnectionEnded(OSError):
    """The other side ended the connection before the response was complete."""


@dataclass(slots=True)
class Head:
    """Status line and headers, and what they say about the body."""

    status: int
    headers: Headers
    length: int | None  # bytes of body; None: chunked, or until the connection ends
    chunked: bool
    keep_alive: bool


def request_bytes(
    method: str, target: str, authority: str, headers: Headers, body: bytes | None
) -> bytes:
    """Write a request; raises SendFailed('request_refused') for what would change its framing."""
    if method not in _METHODS:
        raise SendFailed("request_refused", message=f"{method!r} is not a method Runsheet sends.")
    lines = [f"{method} {target} HTTP/1.1\r\nHost: {authority}\r\nAccept-Encoding: identity"]
    agent = f"User-Agent: {USER_AGENT}"
    for name, value in headers:
        lower = name.lower()
        if lower in _RESERVED or not _TOKEN(name) or _BREAK(value):
            raise SendFailed("request_refused", message=f"The header {name!r} can't be sent.")
        if lower == "user-agent":
            agent = f"{name}: {value}"
        elif lower != "accept-encoding":
            lines.append(f"{name}: {value}")
    lines.append(agent)
    if body is not None or method in _WITH_LENGTH:
        lines.append(f"Content-Length: {len(body or b'')}")
    lines.append("\r\n")
    try:
        return "\r\n".join(lines).encode() + (body or b"")
    except UnicodeEncodeError:
        raise SendFailed("request_refused", message="A header holds broken text.") from None


class Reader:
    """Reads one response from a connection, within every limit above."""

    __slots__ = ("_buffer", "_head_bytes", "_recv")

    def __init__(self, recv: Callable[[int], bytes]) -> None:
        self._recv = recv
        self._buffer = bytearray()
        self._head_bytes = 0

    def head(self, method: str) -> Head:
        """Read up to the final head; raises BadResponse, OSError."""
        for _ in range(MAX_INTERIM + 1):
            head = parse_head(self._head_text(), method)
            if head.status >= 200:
                return head
            if head.status == 101:
                break  # nobody asked for another protocol
        raise BadResponse("bad_response")

    def body(self, head: Head) -> tuple[bytes, bool]:
        """Read the body up to its limit, and say whether that is not all; see `clean`."""
        if head.chunked:
            body, whole = self._chunks()
        elif head.length is not None:
            body, whole = self._exactly(head.length)
        else:
            body, whole = self._until_end()
        head.keep_alive = head.keep_alive and whole
        return body, not whole

    def clean(self) -> bool:
        """Say that nothing came after the response; else the next one could be forged."""
        return not self._buffer

    def _head_text(self) -> str:
        buffer = self._buffer
        seen = 0
        while (end := buffer.find(b"\r\n\r\n", seen)) < 0:
            seen = max(0, len(buffer) - 3)
            if self._head_bytes + len(buffer) > MAX_HEAD_BYTES:
                raise BadResponse("response_too_large")
            self._fill()
        self._head_bytes += end + 4
        if self._head_bytes > MAX_HEAD_BYTES:
            raise BadResponse("response_too_large")
        text = buffer[:end].decode("latin-1")
        del buffer[: end + 4]
        return text

    def _exactly(self, length: int) -> tuple[bytes, bool]:
        wanted = min(length, MAX_BODY_READ)
        while len(self._buffer) < wanted:
            self._fill()
        body = self._take(wanted)
        return body, wanted == length

    def _until_end(self) -> tuple[bytes, bool]:
        try:
            while len(self._buffer) <= MAX_BODY_READ:
                self._fill()
        except ConnectionEnded:
            return self._take(len(self._buffer)), True
        return self._take(MAX_BODY_READ), False

    def _chunks(self) -> tuple[bytes, bool]:
        body = bytearray()
        budget = MAX_BODY_READ
        while budget > 0:
            line = self._line()
            size_text = _CHUNK(line)
            if size_text is None:
                raise BadResponse("bad_response")
            size = int(size_text[1], 16)
            budget -= len(line) + 2
            if size == 0:
                return bytes(body), self._trailers(budget)
            if size + 2 > budget:
                break
            body += self._exactly(size)[0]
            if self._line():
                raise BadResponse("bad_response")
            budget -= size + 2
        return bytes(body), False

    def _trailers(self, budget: int) -> bool:
        while budget > 0:
            line = self._line()
            if not line:
                return True
            budget -= len(line) + 2
        return False

    def _line(self) -> bytes:
        """Read a short line (a chunk's size, a trailer), without its end."""
        while (end := self._buffer.find(b"\r\n")) < 0:
            if len(self._buffer) > _MAX_LINE:
                raise BadResponse("bad_response")
            self._fill()
        line = self._take(end)
        del self._buffer[:2]
        return line

    def _take(self, size: int) -> bytes:
        data = bytes(self._buffer[:size])
        del self._buffer[:size]
        return data

    def _fill(self) -> None:
        data = self._recv(_RECV_SIZE)
        if not data:
            raise ConnectionEnded("the other side closed the connection")
        self._buffer += data


def parse_head(text: str, method: str) -> Head:
    """Read a head (without its blank line) that answers `method`; raises BadResponse."""
    first, *lines = text.split("\r\n")
    status = _STATUS(first)
    if status is None or "\0" in text or not text.count("\n") == text.count("\r") == len(lines):
        raise BadResponse("bad_response")
    if len(lines) > MAX_HEADERS:
        raise BadResponse("response_too_large")
    headers: Headers = []
    framing: dict[str, list[str]] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not _TOKEN(name):  # a folded line has no name
            raise BadResponse("bad_response")
        value = value.strip(" \t")
        headers.append((name, value))
        if (lower := name.lower()) in _FRAMING:
            framing.setdefault(lower, []).append(value)
    return _framed(int(status[2]), status[1] == "1", headers, framing, method)


def _framed(
    status: int, modern: bool, headers: Headers, framing: dict[str, list[str]], method: str
) -> Head:
    """Decide where the body ends; a response that says it in two ways is refused."""
    lengths = framing.get("content-length", [])
    coding = framing.get("transfer-encoding", [])
    options = ",".join(framing.get("connection", [])).lower()
    keep_alive = "close" not in options and (modern or "keep-alive" in options)
    if coding and (lengths or not modern or [c.lower() for c in coding] != ["chunked"]):
        raise BadResponse("bad_response")
    if len(set(lengths)) > 1 or not all(_LENGTH(length) for length in lengths):
        raise BadResponse("bad_response")
    if method == "HEAD" or status in (204, 304) or status < 200:
        return Head(status, headers, 0, False, keep_alive)
    if coding:
        return Head(status, headers, None, True, keep_alive)
    length = int(lengths[0]) if lengths else None
    return Head(status, headers, length, False, keep_alive and length is not None)
