"""Fills `{{ path }}` into the strings of a parsed document.

A string that is nothing but one placeholder takes the value as it is, list or number included;
inside other text the value is written out. No expressions, no filters, no code.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, cast
from urllib.parse import quote

from app.domain.paths import resolve

PLACEHOLDER = re.compile(r"\{\{\s*([A-Za-z_][\w-]*(?:\.[\w-]+)*)\s*\}\}")


def fill(document: Any, context: Mapping[str, Any]) -> Any:
    """The document with all placeholders filled in. Raises MissingPath."""
    if isinstance(document, str):
        return _fill_leaf(document, context)
    if isinstance(document, list):
        return [fill(item, context) for item in document]  # type: ignore[reportUnknownVariableType]
    if isinstance(document, dict):
        return {key: fill(value, context) for key, value in document.items()}  # type: ignore[reportUnknownVariableType]
    return document


def fill_text(text: str, context: Mapping[str, Any]) -> str:
    """The text with all placeholders written out. Raises MissingPath."""
    return _substitute(text, context, str)


def fill_url(url: str, context: Mapping[str, Any]) -> str:
    """As `fill_text`, with each value percent-encoded, so that it stays one piece of the URL."""
    return _substitute(url, context, lambda value: quote(value, safe=""))


def has_placeholder(document: Any) -> bool:
    """Whether filling the document would read anything."""
    if isinstance(document, str):
        return "{{" in document or "{%" in document
    if isinstance(document, list):
        return any(map(has_placeholder, document))  # type: ignore[reportUnknownArgumentType]
    if isinstance(document, dict):
        return any(map(has_placeholder, document.values()))  # type: ignore[reportUnknownArgumentType]
    return False


def paths_in(document: Any) -> list[str]:
    """The paths that filling the document would read, each once, in the order of their places."""
    if isinstance(document, str):
        return list(dict.fromkeys(PLACEHOLDER.findall(document)))
    parts: Iterable[Any] = ()
    if isinstance(document, dict):
        parts = cast("dict[str, Any]", document).values()
    elif isinstance(document, list):
        parts = cast("list[Any]", document)
    return list(dict.fromkeys(path for part in parts for path in paths_in(part)))


def whole_path(text: str) -> str | None:
    """The path, if the text is nothing but one placeholder."""
    whole = PLACEHOLDER.fullmatch(text.strip())
    return whole[1] if whole else None


def without_placeholders(text: str) -> str:
    """What an author wrote around the placeholders."""
    return PLACEHOLDER.sub("", text)


def _fill_leaf(text: str, context: Mapping[str, Any]) -> Any:
    if "{{" not in text:
        return text
    path = whole_path(text)
    return resolve(context, path) if path else fill_text(text, context)


def _substitute(text: str, context: Mapping[str, Any], encode: Callable[[str], str]) -> str:
    if "{{" not in text:
        return text
    return PLACEHOLDER.sub(lambda match: encode(written(resolve(context, match[1]))), text)


def written(value: Any) -> str:
    """A value as text: strings as they are, all else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
