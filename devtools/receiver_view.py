"""How a received request is read by people."""

from __future__ import annotations

import json

from devtools.pages import templates

SHOWN_BODY = 16 * 1024
DULL = ("host", "user-agent", "accept", "accept-encoding", "connection", "content-length")


def joined(headers: list[tuple[str, str]]) -> dict[str, str]:
    """Header names in small letters; repeated ones in one line, as HTTP allows."""
    found: dict[str, str] = {}
    for name, value in headers:
        key = name.lower()
        found[key] = f"{found[key]}, {value}" if key in found else value
    return found


def in_order(headers: dict[str, str]) -> list[tuple[str, str]]:
    """What a webhook is about first, what every request carries last."""

    def rank(item: tuple[str, str]) -> tuple[int, str]:
        name = item[0]
        if name.startswith("webhook-"):
            return (0 if name == "webhook-id" else 1, name)
        return (3 if name in DULL else 2, name)

    return sorted(headers.items(), key=rank)


def pretty(body: str) -> str:
    try:
        text = json.dumps(json.loads(body), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        text = body
    return text[:SHOWN_BODY]


templates.filters["in_order"] = in_order
templates.filters["pretty"] = pretty
templates.tests["dull"] = DULL.__contains__
