"""Paths in `{{ … }}`: those that can be read here, for the island that completes them, and the
marks under those that lead nowhere."""

import re
from collections.abc import Sequence

from app.domain import liquid
from app.domain.known_paths import MOST_MEANT, KnownPath, find, nearest
from app.domain.liquid import NotRenderable
from app.domain.placeholders import paths_in
from app.extensions import compact_json

_ROOTS = ("input", "steps", "instance")


def listed(known: Sequence[KnownPath]) -> str:
    """The paths as `js/placeholders.js` reads them."""
    return compact_json(
        [
            {"path": one.path, "title": one.title, "type": one.type, "certain": one.certain}
            for one in known
        ]
    )


def unknown(text: str, syntax: str, known: Sequence[KnownPath]) -> list[str]:
    """The paths of a text that lead nowhere. `syntax`: `plain` or `liquid`."""
    return [path for path in _paths(text, syntax) if find(path, known) is None] if known else []


def _paths(text: str, syntax: str) -> list[str]:
    if syntax != "liquid":
        return paths_in(text)
    try:
        found = [".".join(parts) for parts, _ in liquid.paths(text)]
    except NotRenderable:
        return []  # the findings say why
    return [path for path in dict.fromkeys(found) if path.split(".")[0] in _ROOTS]


def marked(text: str, paths: Sequence[str]) -> list[tuple[str, bool]]:
    """The text in pieces, each with whether a line is drawn under it."""
    longest_first = sorted(paths, key=len, reverse=True)
    pattern = "|".join(rf"(?<![\w.-]){re.escape(path)}(?![\w.-])" for path in longest_first)
    pieces = re.split(f"({pattern})", text) if paths else [text]
    return [(piece, at % 2 == 1) for at, piece in enumerate(pieces) if piece]


def said(paths: Sequence[str], known: Sequence[KnownPath]) -> dict[str, str]:
    """What is wrong with each path, and what its author may have meant by the first of them."""
    suggested = {path: nearest(path, known) for path in paths[:MOST_MEANT]}
    return {path: _said(path, suggested.get(path)) for path in paths}


def _said(path: str, meant: str | None) -> str:
    return f"{path} leads nowhere." + (f" Did you mean {meant}?" if meant else "")
