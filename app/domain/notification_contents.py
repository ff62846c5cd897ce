"""What a notification says: rendering it, and finding what is wrong with it. Pure."""

import re
from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any, cast

from app.domain import liquid
from app.domain.liquid import NotRenderable
from app.domain.notification_context import OPEN_ROOTS, known_paths
from app.domain.paths import MissingPath, resolve
from app.domain.placeholders import whole_path
from app.errors import FieldError
from app.models.vocabulary import Channel

LINES = frozenset({"subject", "title"})  # one line each, whatever was rendered into them
MARKUP = frozenset({"html"})
LONGEST_LINE = 300
_BREAKS = re.compile(r"[\s\x00-\x1f]+")
_KNOWN = known_paths()
_ROOTS = frozenset(path.partition(".")[0] for path in _KNOWN)
_OBJECTS = frozenset(path.partition(".")[0] for path in _KNOWN if "." in path)

Context = Mapping[str, Any]


def render(content: Mapping[str, Any], channel: str, context: Context) -> dict[str, Any]:
    """The content of a channel with the context's values in it, in the same form. Raises
    NotRenderable with the field in its words."""
    return {field: _rendered(field, value, channel, context) for field, value in content.items()}


def _rendered(field: str, value: Any, channel: str, context: Context) -> Any:
    try:
        return _deep(value, lambda text: _text(field, text, channel, context))
    except NotRenderable as fault:
        raise NotRenderable(f"{field}: {fault}", path=fault.path) from None


def _deep(value: Any, change: Callable[[str], Any]) -> Any:
    """A webhook's body is any JSON; the strings in it are texts."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list):
        return [_deep(item, change) for item in cast("list[Any]", value)]
    if isinstance(value, dict):
        return {key: _deep(item, change) for key, item in cast("dict[str, Any]", value).items()}
    return value


def _text(field: str, text: str, channel: str, context: Context) -> Any:
    if field in LINES:
        return _line(liquid.render(text, context))
    if channel == Channel.WEBHOOK and (path := whole_path(text)):
        return _value(path, context)
    return liquid.render(text, context, escape=field in MARKUP)


def _line(text: str) -> str:
    line = _BREAKS.sub(" ", text).strip()
    return line if len(line) <= LONGEST_LINE else line[: LONGEST_LINE - 1] + "…"


def _value(path: str, context: Context) -> Any:
    """A text that is nothing but one placeholder takes the value as it is, as in webhook steps."""
    try:
        return resolve(context, path)
    except MissingPath:
        raise NotRenderable(f"{path} is missing", 1, path) from None


def syntax_faults(content: Mapping[str, Any], at: str) -> list[FieldError]:
    """What is no Liquid in the content of a channel, at its field under `at`."""
    return [
        FieldError(f"{at}.{field}", _sentence(fault))
        for field, text in texts(content)
        if (fault := _fault(lambda text=text: liquid.check_syntax(text)))
    ]


def faults(content: Mapping[str, Any], channel: str, context: Context, at: str) -> list[FieldError]:
    """All that keeps the content from being rendered: what is no Liquid, what it reads that no
    notification knows, and what fails with this context. What the input of a workflow has can't
    be known here, so a text that reads it is not tried."""
    found = syntax_faults(content, at)
    if found:
        return found
    for field, text in texts(content):
        read = liquid.paths(text)
        unknown = [_unknown(parts, line) for parts, line in read]
        found += [FieldError(f"{at}.{field}", words) for words in unknown if words]
        if any(unknown) or any(parts[0] in OPEN_ROOTS for parts, _ in read):
            continue
        if fault := _fault(lambda text=text, field=field: _text(field, text, channel, context)):
            found.append(FieldError(f"{at}.{field}", _sentence(fault)))
    return found


def faults_with(content: Mapping[str, Any], channel: str, context: Context) -> list[FieldError]:
    """What fails with exactly these values, at the fields of the content."""
    return [
        FieldError(field, _sentence(fault) + _hint(fault.path))
        for field, text in texts(content)
        if (fault := _fault(lambda text=text, field=field: _text(field, text, channel, context)))
    ]


def texts(content: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """All texts of a content, each with its field."""
    for field, value in content.items():
        texts: list[str] = []
        _deep(value, texts.append)
        yield from ((field, text) for text in texts)


def _fault(check: Callable[[], object]) -> NotRenderable | None:
    try:
        check()
    except NotRenderable as fault:
        return fault
    return None


def _sentence(fault: NotRenderable) -> str:
    text = str(fault)
    return f"{text[0].upper()}{text[1:]}."


def _unknown(parts: list[str], line: int) -> str | None:
    root, path = parts[0], ".".join(parts[:2])
    if root in OPEN_ROOTS or (root in _ROOTS and (root not in _OBJECTS or len(parts) == 1)):
        return None
    if path in _KNOWN:
        return None
    hint = _hint(path) or f" Known are {', '.join(sorted(_ROOTS))}."
    return f"Line {line}: no notification knows {'.'.join(parts)}.{hint}"


def _hint(path: str | None) -> str:
    """The nearest path that every notification knows, if this is none of those."""
    if path is None or path in _KNOWN or path.partition(".")[0] in OPEN_ROOTS:
        return ""
    nearest = get_close_matches(path, _KNOWN, 1, 0.5)
    return f" Did you mean {nearest[0]}?" if nearest else ""
