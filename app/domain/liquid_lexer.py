"""Cuts Liquid into text, outputs and tags in one pass.

The library does it with regular expressions that look to the end of the text again from each
brace: 100 kB of `{{` keep it busy for minutes. This reads every character once or twice.
"""

import re
from collections.abc import Generator, Iterator

from liquid.exceptions import LiquidSyntaxError
from liquid.token import (
    TOKEN_CONTENT,
    TOKEN_EOF,
    TOKEN_EXPRESSION,
    TOKEN_OUTPUT,
    TOKEN_TAG,
    Token,
)

MAX_TAG = 1_000  # characters between two braces; the library reads those less carefully
_OPEN = re.compile(r"\{([{%])-?")
_NAME = re.compile(r"(?P<name>#|\w*)\s*(?P<expression>.*)", re.DOTALL)
_END = {
    "raw": re.compile(r"\{%-?\s*endraw\s*(?P<trim>-?)%\}"),
    "comment": re.compile(r"\{%-?\s*endcomment\s*(?P<trim>-?)%\}"),
}


def tokens(source: str) -> Iterator[Token]:
    """The tokens that the library's parser expects. Raises LiquidSyntaxError."""
    at, trim = 0, False
    while opening := _OPEN.search(source, at):
        yield from _content(source, at, opening.start(), trim, opening[0].endswith("-"))
        end, inner, trim = _inside(source, opening)
        start = opening.end() + len(inner) - len(inner.lstrip())
        inner = inner.strip()
        if opening[1] == "{":
            yield Token(TOKEN_OUTPUT, source[opening.start() : end], opening.start(), source)
            yield Token(TOKEN_EXPRESSION, inner, start, source)
            at = end
        elif inner in _END:
            at, trim = yield from _block(source, inner, opening, end, trim)
        else:
            yield from _tag(source, inner, start)
            at = end
    yield from _content(source, at, len(source), trim, False)


def _content(source: str, at: int, end: int, left: bool, right: bool) -> Iterator[Token]:
    text = source[at:end]
    text = text.lstrip() if left else text
    text = text.rstrip() if right else text
    if text:
        yield Token(TOKEN_CONTENT, text, at, source)


def _inside(source: str, opening: re.Match[str]) -> tuple[int, str, bool]:
    """Where it ends, what stands in it, and whether the white space after it goes."""
    close = "}}" if opening[1] == "{" else "%}"
    end = source.find(close, opening.end())
    if end < 0:
        raise _wrong(source, opening.start(), f"'{opening[0]}' has no closing '{close}'")
    inner = source[opening.end() : end]
    if len(inner) > MAX_TAG:
        raise _wrong(source, opening.start(), f"more than {MAX_TAG:,} characters up to '{close}'")
    trim = inner.endswith("-")
    return end + 2, inner[:-1] if trim else inner, trim


def _tag(source: str, inner: str, start: int) -> Iterator[Token]:
    match = _NAME.fullmatch(inner)
    name = match["name"] if match else ""
    yield Token(TOKEN_TAG, name, start, source)
    if match and match["expression"]:
        yield Token(TOKEN_EXPRESSION, match["expression"], start + match.start(2), source)


def _block(
    source: str, name: str, opening: re.Match[str], end: int, trim: bool
) -> Generator[Token, None, tuple[int, bool]]:
    """`raw` is text, whatever stands in it; a `comment` is nothing."""
    closing = _END[name].search(source, end)
    if closing is None:
        raise _wrong(source, opening.start(), f"'{name}' has no 'end{name}'")
    if name == "raw":
        yield from _content(source, end, closing.start(), trim, closing[0].startswith("{%-"))
    return closing.end(), bool(closing["trim"])


def _wrong(source: str, at: int, words: str) -> LiquidSyntaxError:
    return LiquidSyntaxError(words, token=Token(TOKEN_EOF, source[at : at + 2], at, source))
