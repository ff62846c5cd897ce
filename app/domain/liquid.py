"""Liquid, guarded: the one renderer of text that authors write (mails, notifications).

A name that leads nowhere raises, so that no text with a hole in it is sent; `default` and `if` may
ask after it. No files, no includes; what it may loop, write and compute is bounded
(`liquid_engine`), so that no text can hold a worker up.
"""

from collections.abc import Mapping
from functools import lru_cache
from itertools import takewhile
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from liquid import BoundTemplate
    from liquid.static_analysis import TemplateAnalysis

MAX_TEXT = 100_000  # characters as written
MAX_RENDERED = 256 * 1024  # bytes
MAX_ROUNDS = 10_000  # of all loops together


class NotRenderable(ValueError):
    """The text can't be rendered; the message says why. `line`: where in the text, from 1, if
    that is known; `path`: the name that leads nowhere, if that is why."""

    def __init__(self, reason: str, line: int | None = None, path: str | None = None) -> None:
        super().__init__(f"line {line}: {reason}" if line else reason)
        self.reason = reason
        self.line = line
        self.path = path


def render(text: str, context: Mapping[str, Any], escape: bool = False) -> str:
    """The text with the context's values in it; with `escape` they are made safe for HTML.
    Raises NotRenderable and nothing else."""
    if "{{" not in text and "{%" not in text:
        return _short_enough(text)
    template = _parsed(text, escape)
    try:
        return template.render(context)
    except Exception as error:  # noqa: BLE001 - a library carries out what a stranger wrote
        raise _fault(error) from None


def check_syntax(text: str) -> None:
    """Raises NotRenderable if no context could make this renderable."""
    known = _parsed(text, False).env.filters
    for name, places in _analysis(text).filters.items():
        if name not in known:
            line = text.count("\n", 0, places[0].index) + 1
            raise NotRenderable(f"there is no filter {name!r}", line)


def paths(text: str) -> list[tuple[list[str], int]]:
    """The paths that a text reads, each as its parts (up to one that is itself looked up) and its
    line; not those of its own variables. Raises NotRenderable."""
    found = _analysis(text).globals
    return [
        (
            [str(part) for part in takewhile(lambda part: not isinstance(part, list), v.segments)],
            text.count("\n", 0, v.span.index) + 1,
        )
        for variables in found.values()
        for v in variables
    ]


@lru_cache(maxsize=128)
def _parsed(text: str, escape: bool) -> "BoundTemplate":
    _short_enough(text)
    # Imported late: most workers never meet a text of an author, and the library is not small.
    from app.domain import liquid_engine

    try:
        return liquid_engine.environment(escape).from_string(text)
    except Exception as error:  # noqa: BLE001 - as above
        raise _fault(error) from None


@lru_cache(maxsize=128)
def _analysis(text: str) -> "TemplateAnalysis":
    return _parsed(text, False).analyze(include_partials=False)


def _short_enough(text: str) -> str:
    if len(text) > MAX_TEXT:
        raise NotRenderable(f"the text is longer than {MAX_TEXT:,} characters")
    return text


def _fault(error: Exception) -> NotRenderable:
    """The library's errors with their line; what it did not expect itself, in general words."""
    from liquid.exceptions import LiquidError, UndefinedError

    if not isinstance(error, LiquidError):
        return NotRenderable(f"this can't be computed ({type(error).__name__})")
    reason, token = str(error.message or "this is not Liquid")[:200], error.token
    line = None
    if token is not None and token.start_index >= 0:
        line = token.source.count("\n", 0, token.start_index) + 1
    if line is None:  # it came to the end and still waited
        reason = reason.replace("end of expression", "the end of the text")
    if isinstance(error, UndefinedError):
        return NotRenderable(f"{reason} is missing", line, reason)
    return NotRenderable(reason, line)
