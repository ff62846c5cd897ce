"""The only place that reads a request's body."""

from typing import Any

from flask import request
from werkzeug.exceptions import UnsupportedMediaType

from app.errors import TooLarge
from app.schemas.base import loads
from app.schemas.yaml_text import loads_yaml

MEBIBYTE = 1024 * 1024
YAML_TYPES = ("application/yaml", "application/x-yaml", "text/yaml", "text/x-yaml")


def raw_body(limit: int) -> bytes:
    """The body as it came. Raises TooLarge, whether its length was said or turns out while it is
    read: one byte more is let in than is allowed, since Werkzeug cuts a chunked body off without
    a word."""
    request.max_content_length = limit + 1
    raw = request.get_data(cache=False)
    if len(raw) > limit:
        raise TooLarge
    return raw


def parsed_body(raw: bytes, *, yaml: bool = False) -> Any:
    """The body's value; an empty one means {}. Raises Malformed or UnsupportedMediaType."""
    if not raw:
        return {}
    if yaml and request.mimetype in YAML_TYPES:
        return loads_yaml(raw)
    if request.mimetype != "application/json" and not request.mimetype.endswith("+json"):
        raise UnsupportedMediaType("Send JSON, with Content-Type: application/json.")
    return loads(raw)
