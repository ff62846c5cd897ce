"""The only place that reads a request's body."""

from typing import Any

from flask import request
from werkzeug.exceptions import UnsupportedMediaType

from app.schemas.base import loads
from app.schemas.yaml_text import loads_yaml

MEBIBYTE = 1024 * 1024
YAML_TYPES = ("application/yaml", "application/x-yaml", "text/yaml", "text/x-yaml")


def raw_body(limit: int) -> bytes:
    """The body as it came. Raises RequestEntityTooLarge (413), whether its length was said or
    turns out while it is read."""
    request.max_content_length = limit
    return request.get_data(cache=False)


def parsed_body(raw: bytes, *, yaml: bool = False) -> Any:
    """The body's value; an empty one means {}. Raises Malformed or UnsupportedMediaType."""
    if not raw:
        return {}
    if yaml and request.mimetype in YAML_TYPES:
        return loads_yaml(raw)
    if request.mimetype != "application/json" and not request.mimetype.endswith("+json"):
        raise UnsupportedMediaType("Send JSON, with Content-Type: application/json.")
    return loads(raw)
