"""What may stand in a log: secrets taken out, bytes as text that any database takes.

Headers that carry secrets by their name are emptied (`redact`). A secret that Runsheet itself put
into the request is known by its value, and a receiver may say it back anywhere and in any
spelling: `Scrub` finds it there.
"""

from collections.abc import Iterable, Iterator, Sequence

from app.domain.secret_spellings import PLAIN_FROM, Layer, layers, needles, normal

LOGGED_BODY = 16 * 1024
REDACTED = "[redacted]"
_SECRET_HEADERS = frozenset(
    "authorization proxy-authorization cookie set-cookie x-api-key api-key x-auth-token "
    "x-access-token x-secret webhook-signature".split()
)


def redact(headers: Sequence[tuple[str, str]]) -> list[list[str]]:
    """Headers as pairs, with the values of those that carry secrets taken out."""
    return [
        [name, REDACTED if name.lower() in _SECRET_HEADERS else readable(value.encode()) or ""]
        for name, value in headers
    ]


def readable(body: bytes | None) -> str | None:
    """Bytes as text that any database takes; None for nothing."""
    if body is None:
        return None
    return body[:LOGGED_BODY].decode("utf-8", "replace").replace("\x00", "\ufffd")


def secret_mark(name: str) -> str:
    """What stands in a log where a secret stood."""
    return f"[secret {name}]"


class Scrub:
    """Takes values out of texts and bodies, in whatever spelling they stand there."""

    __slots__ = ("_marks",)

    def __init__(self, taken: Iterable[tuple[str, str]] = ()) -> None:
        """`taken`: values, and what stands in their place."""
        marks = {needle: mark for value, mark in taken for needle in needles(value)}
        self._marks = sorted(marks.items(), key=lambda pair: -len(pair[0]))

    def text(self, text: str, *, cut: bool = False) -> str:
        """The text without the values. `cut`: it may end in the middle of one."""
        if not self._marks:
            return text
        if cut:
            text = text[: min(self._stump(layer) for layer in layers(text, cut=True))]
        found = [place for layer in layers(text) for place in self._places(layer)]
        return _replaced(text, found) if found else text

    def body(self, body: bytes, *, cut: bool = False) -> bytes:
        """The same for a body, text or not."""
        if not self._marks:
            return body
        text = body.decode("utf-8", "surrogateescape")
        return self.text(text, cut=cut).encode("utf-8", "surrogateescape")

    def _places(self, layer: Layer) -> Iterator[tuple[int, int, str]]:
        """Where values stand: from, to, and what to put there."""
        text = normal(layer.text)
        for needle, mark in self._marks:
            at = text.find(needle)
            while at >= 0:
                end = at + len(needle)
                if len(needle) >= PLAIN_FROM or _stands_alone(text, at, end):
                    bare = needle.isdigit() and _is_number(text, at, end)
                    yield *layer.source(at, end), f'"{mark}"' if bare else mark
                at = text.find(needle, at + 1)

    def _stump(self, layer: Layer) -> int:
        """Where a text that was cut off has to end, so as not to end in a value's beginning."""
        text = normal(layer.text)
        longest = max(len(needle) for needle, _ in self._marks)
        for size in range(min(len(text), longest), 0, -1):
            if any(needle.startswith(text[-size:]) for needle, _ in self._marks):
                return layer.source(len(text) - size, len(text))[0]
        return layer.source(0, len(text))[1] if text else 0


def _stands_alone(text: str, at: int, end: int) -> bool:
    return not (text[at - 1 : at].isalnum() or text[end : end + 1].isalnum())


def _is_number(text: str, at: int, end: int) -> bool:
    """Whether these digits are a number of JSON, which has to stay JSON."""
    before, after = text[:at].rstrip()[-1:], text[end:].lstrip()[:1]
    return bool(before and after) and before in ":[," and after in ",]}"


def _replaced(text: str, found: list[tuple[int, int, str]]) -> str:
    """What overlaps is taken out together, under the name of what begins first and is longest."""
    parts, done = list[str](), 0
    for start, end, mark in sorted(found, key=lambda place: (place[0], -place[1])):
        if start >= done:
            parts += [text[done:start], mark]
        done = max(done, end)
    return "".join([*parts, text[done:]])
