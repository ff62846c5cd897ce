"""A request and an answer from the log, as pages show them."""

from typing import Any

from app.errors import Malformed
from app.schemas.base import loads


def readable(side: dict[str, Any] | None) -> dict[str, Any] | None:
    """Headers by name, and a body that is JSON as its value."""
    if side is None or "headers" not in side:
        return side
    headers: dict[str, str] = {}
    for name, value in side["headers"]:
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return side | {"headers": headers, "body": _value(side.get("body"))}


def _value(body: Any) -> Any:
    try:
        value = loads(body) if isinstance(body, str) else body
    except Malformed:
        return body
    return value if isinstance(value, dict | list) else body
