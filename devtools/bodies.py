"""Reading a request's body, whole, bounded, with a length or in chunks."""

from __future__ import annotations

from email.message import Message
from http import HTTPStatus
from typing import Protocol

LARGEST_BODY = 8 * 1024 * 1024


class Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...
    def readline(self, size: int, /) -> bytes: ...


class BadRequest(Exception):
    """What was sent cannot be read; the text says why and the status how it is answered."""

    def __init__(self, text: str, status: int = HTTPStatus.BAD_REQUEST) -> None:
        super().__init__(text)
        self.status = status


def read_body(headers: Message, file: Readable) -> bytes:
    if "chunked" in headers.get("Transfer-Encoding", "").lower():
        return read_chunks(file)
    length = headers.get("Content-Length", "0")
    if not (length.isascii() and length.isdigit() and len(length) < 16):
        raise BadRequest("Content-Length is not a number.")
    return read_exactly(file, int(length))


def read_chunks(file: Readable) -> bytes:
    parts: list[bytes] = []
    total = 0
    while size := chunk_size(file.readline(1024)):
        total += size
        check_size(total)
        parts.append(read_exactly(file, size))
        file.readline(8)
    while file.readline(8192).strip():
        pass  # trailers
    return b"".join(parts)


def chunk_size(line: bytes) -> int:
    try:
        return abs(int(line.partition(b";")[0], 16))
    except ValueError:
        raise BadRequest("A chunk's size is not a number.") from None


def read_exactly(file: Readable, length: int) -> bytes:
    check_size(length)
    data = file.read(length)
    if len(data) < length:
        raise ConnectionError("the sender hung up inside the body")
    return data


def check_size(length: int) -> None:
    if length > LARGEST_BODY:
        raise BadRequest("The body is too large.", HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
