"""A `when` in plain words: 'Total is more than 100, and Country is “DE” or “AT”'. Pure, and for
conditions that are half done too."""

import json
from collections.abc import Callable, Mapping
from typing import Any, cast

NOT_THERE = "not exists"  # as an operator of its own, where people choose one
OPERATOR_WORDS: Mapping[str, str] = {
    "=": "is",
    "!=": "is not",
    ">": "is more than",
    ">=": "is at least",
    "<": "is less than",
    "<=": "is at most",
    "in": "is one of",
    "not in": "is none of",
    "contains": "contains",
    "exists": "is there",
    NOT_THERE: "is missing",
}
_LONGEST = 60


def sentence(when: Any, title_of: Callable[[str], str]) -> str:
    """When it holds; `title_of` says what a path is called. Empty: always."""
    if not isinstance(when, dict) or not when:
        return ""
    return _joined(cast("dict[str, Any]", when), title_of)


def _joined(when: dict[str, Any], title_of: Callable[[str], str]) -> str:
    word, parts = next(iter(when.items()))
    if not isinstance(parts, list):
        return "…"
    said = [_part(part, title_of) for part in cast("list[Any]", parts)]
    return f", {'or' if word == 'any' else 'and'} ".join(said) or "…"


def _part(part: Any, title_of: Callable[[str], str]) -> str:
    if isinstance(part, dict):
        return f"({sentence(part, title_of)})"  # type: ignore[reportUnknownArgumentType]
    pieces = cast("list[Any]", part) if isinstance(part, list) else []
    path, operator, *values = (*pieces, *["…"] * (2 - len(pieces)))
    if operator == "exists":
        there = OPERATOR_WORDS[NOT_THERE if values == [False] else operator]
        return f"{_title(path, title_of)} {there}"
    words = OPERATOR_WORDS.get(operator, str(operator)) if isinstance(operator, str) else "…"
    return f"{_title(path, title_of)} {words} {_said(values[0]) if values else '…'}"


def _title(path: Any, title_of: Callable[[str], str]) -> str:
    return title_of(path) if isinstance(path, str) and path else "…"


def _said(value: Any) -> str:
    if isinstance(value, list):
        return _or([_said(each) for each in cast("list[Any]", value)]) or "nothing"
    if isinstance(value, str):
        return f"“{_short(value)}”"
    if value is None or isinstance(value, bool):
        return {None: "empty", True: "yes", False: "no"}[value]
    return _short(json.dumps(value, ensure_ascii=False))


def _or(words: list[str]) -> str:
    *first, last = words or [""]
    return f"{', '.join(first)} or {last}" if first else last


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
