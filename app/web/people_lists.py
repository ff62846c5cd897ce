"""The filters of the lists that admins look through: people, groups, tokens. All of them stand in
the URL."""

from dataclasses import dataclass
from typing import Any

from flask import request, url_for

ROWS = 50


@dataclass(frozen=True, slots=True)
class Filters:
    """What the URL of a list says, by name; empty: everything."""

    endpoint: str
    values: dict[str, str]
    cursor: int | None = None

    @classmethod
    def read(cls, endpoint: str, **choices: tuple[str, ...]) -> "Filters":
        """`q`, and what of each name's choices was chosen; anything else counts as nothing."""
        given = {name: request.args.get(name, "") for name in choices}
        values = {name: text for name, text in given.items() if text in choices[name]}
        text = request.args.get("q", "").replace("\x00", "").strip()[:200]
        cursor = request.args.get("cursor", "")
        digits = cursor.isascii() and cursor.isdigit() and len(cursor) <= 18
        kept = {"q": text} | values
        return cls(endpoint, kept, int(cursor) if digits else None)

    def __getitem__(self, name: str) -> str:
        return self.values.get(name, "")

    @property
    def any(self) -> bool:
        return any(self.values.values())

    def url(self, **other: Any) -> str:
        """The same list with some of it changed."""
        given: dict[str, Any] = self.values | other
        wanted: dict[str, Any] = {name: value for name, value in given.items() if value}
        return url_for(self.endpoint, **wanted)
