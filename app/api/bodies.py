"""The only place that reads a request's body."""

from typing import Any

from flask import request
from werkzeug.exceptions import RequestEntityTooLarge, UnsupportedMediaType

from app.errors import Malformed, TooLarge
from app.schemas.base import loads
from app.schemas.yaml_text import loads_yaml

MEBIBYTE = 1024 * 1024
YAML_TYPES = ("application/yaml", "application/x-yaml", "text/yaml", "text/x-yaml")


def raw_body(limit: int) -> bytes:
    """The body as it came. Raises TooLarge, whether its length was said or turns out while it is
    read: one byte more is let in than is allowed, since Werkzeug cuts a chunked body off without
    a word. Raises Malformed for one that breaks off (`whole_bodies`) or is no HTTP."""
    request.max_content_length = limit + 1
    try:
        raw = request.get_data(cache=False)
    except RequestEntityTooLarge:
        raise
    except Exception:  # noqa: BLE001 - each server has its own words for chunks that are none
        raise Malformed("The body could not be read to its end.") from None
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
