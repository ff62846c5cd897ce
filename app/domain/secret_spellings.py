"""The ways in which a receiver may say a secret back: as it is, as base64 or hex, and any of these
escaped as URLs, JSON, HTML and Python do, once or several times."""

import base64
import html
import re
from bisect import bisect_right
from collections.abc import Iterator
from urllib.parse import unquote_to_bytes

from app.domain.signatures import PREFIX

# A shorter value may well be part of an innocent word, so it counts only where it stands alone; and
# shorter digits not at all, since they are in every second answer.
PLAIN_FROM = 8
_DEEPEST = 2  # how often a text may have been escaped
# Kinds of escapes are undone apart from each other: a secret may itself look like another kind.
_KINDS = {
    "url": re.compile(r"(?:%[0-9a-f]{2})+", re.IGNORECASE),
    "json": re.compile(r"(?:\\u[0-9a-f]{4})+|\\x[0-9a-f]{2}|\\.", re.IGNORECASE | re.DOTALL),
    "html": re.compile(r"&(?:#[0-9]{1,7}|#x[0-9a-f]{1,6}|[a-z]{2,6});", re.IGNORECASE),
    "nothing": re.compile("[\0\ufffd]+"),  # every other byte of UTF-16; NUL, and as it is logged
}
_CUT_OFF = re.compile(
    r"(?:%[0-9a-f]?|\\(?:u[0-9a-f]{0,3}|x[0-9a-f]?)?|&#?[0-9a-z]{0,7}|[\0\ufffd]+)\Z", re.IGNORECASE
)


def needles(value: str) -> Iterator[str]:
    """What a plain text must hold, after `normal`, to hold the value."""
    bare = value.removeprefix(PREFIX)
    for each in {value, bare if len(bare) >= PLAIN_FROM else value}:
        if len(each) < PLAIN_FROM and (each.isdigit() or not each):
            continue
        yield normal(each)
        if len(each) >= PLAIN_FROM:
            yield each.encode().hex()
            yield from map(normal, _base64_cores(each.encode()))


def normal(text: str) -> str:
    """Lower case, spaces for `+` (forms write them so), and not a character more or less."""
    lowered = text.lower()
    if len(lowered) != len(text):
        lowered = "".join(low if len(low := char.lower()) == 1 else char for char in text)
    return lowered.replace("+", " ")


def _base64_cores(data: bytes) -> Iterator[str]:
    """What base64 of any text with the data in it must hold, wherever in it the data stands."""
    for offset in range(3):
        text = base64.b64encode(b"\0" * offset + data).decode()
        first = -(-offset * 8 // 6)  # the first character made of the data alone
        core = text[first : (offset + len(data)) * 8 // 6]
        yield core
        yield core.replace("+", "-").replace("/", "_")


class Layer:
    """A text with its escapes undone, and where in the text each character came from."""

    __slots__ = ("_above", "_at", "_from", "text")

    def __init__(self, text: str, above: "Layer | None" = None) -> None:
        self.text = text
        self._above = above
        # Pieces of this text: where each begins here, and where it lay in the text above.
        self._at: list[int] = []
        self._from: list[tuple[int, int, bool]] = []

    def undone(self, kind: str) -> "Layer | None":
        """The text without escapes of a kind; None if there are none."""
        layer, parts, end, at = Layer("", self), list[str](), 0, 0
        for found in _KINDS[kind].finditer(self.text):
            if found.start() > end:
                at = layer._add(parts, at, self.text[end : found.start()], end, found.start())
            for char, start, stop in _characters(kind, found):
                at = layer._add(parts, at, char, start, stop, whole=True)
            end = found.end()
        if not end:
            return None
        if end < len(self.text):
            layer._add(parts, at, self.text[end:], end, len(self.text))
        layer.text = "".join(parts)
        return layer

    def _add(
        self, parts: list[str], at: int, text: str, start: int, stop: int, *, whole: bool = False
    ) -> int:
        parts.append(text)
        self._at.append(at)
        self._from.append((start, stop, whole))
        return at + len(text)

    def source(self, start: int, end: int) -> tuple[int, int]:
        """Where the characters from start to end lie in the text that was given."""
        if self._above is None:
            return start, end
        return self._above.source(self._place(start)[0], self._place(end - 1)[1])

    def _place(self, at: int) -> tuple[int, int]:
        piece = bisect_right(self._at, at) - 1
        start, stop, whole = self._from[piece]
        if whole:
            return start, stop
        start += at - self._at[piece]
        return start, start + 1


def layers(text: str, *, cut: bool = False) -> Iterator[Layer]:
    """The text as it is, and as it reads with its escapes undone in all ways. `cut`: without what
    may be half an escape at the end of each."""
    yield from _with_undone(Layer(text), _DEEPEST, cut=cut)


def _with_undone(layer: Layer, depth: int, *, cut: bool) -> Iterator[Layer]:
    if cut:
        layer.text = _CUT_OFF.sub("", layer.text)
    yield layer
    for kind in _KINDS if depth else ():
        if below := layer.undone(kind):
            yield from _with_undone(below, depth - 1, cut=cut)


def _characters(kind: str, found: re.Match[str]) -> Iterator[tuple[str, int, int]]:
    """What escapes stand for, each character with the place it takes."""
    text, at = found[0], found.start()
    if kind == "html":
        meant = html.unescape(text)
        unknown = meant == text  # no such name: these are plain characters
        yield from _each(text, at) if unknown else [(meant, at, found.end())]
    elif kind == "url":
        yield from _decoded(unquote_to_bytes(text), "utf-8", "surrogateescape", 3, at)
    elif text[:2].lower() == "\\u" and len(text) > 2:
        units = bytes.fromhex(text.lower().replace("\\u", ""))
        yield from _decoded(units, "utf-16-be", "surrogatepass", 3, at)
    elif kind == "json":
        yield chr(int(text[2:], 16)) if len(text) > 2 else text[1], at, found.end()


def _each(text: str, at: int) -> Iterator[tuple[str, int, int]]:
    for char in text:
        yield char, at, at + 1
        at += 1


def _decoded(
    data: bytes, encoding: str, errors: str, width: int, at: int
) -> Iterator[tuple[str, int, int]]:
    """Characters of an escaped run; each byte is `width` wide in the text."""
    for char in data.decode(encoding, errors):
        size = width * len(char.encode(encoding, errors))
        yield char, at, at + size
        at += size
