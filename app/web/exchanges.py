"""A request and an answer from the log, as pages show them."""

import json
from typing import Any

from flask import Response

from app.errors import Malformed
from app.schemas.base import loads


def json_page(document: Any) -> Response:
    """A document as the API shows it, to be read."""
    text = json.dumps(document, indent=2, ensure_ascii=False)
    return Response(text, content_type="application/json")


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
