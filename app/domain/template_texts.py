"""Templates as texts: the same export and the same reading for the API, the page and the command
line. Fields stand in the order of their schema, so that two exports differ where templates do."""

import json
from collections.abc import Mapping
from typing import Any, Literal

from app.errors import Malformed
from app.schemas.base import loads
from app.schemas.yaml_text import dumps_yaml, loads_yaml

Format = Literal["yaml", "json"]
SUFFIXES: Mapping[str, Format] = {".yaml": "yaml", ".yml": "yaml", ".json": "json"}


def written(document: Mapping[str, Any], form: Format) -> str:
    """A template's document as a file has it."""
    if form == "yaml":
        return dumps_yaml(document)
    return json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def read(raw: bytes, form: Format | None = None) -> Any:
    """What a text says; without a format, whichever it is. Raises Malformed with the reason."""
    if form == "json":
        return loads(raw)
    if form is None and raw.lstrip().startswith((b"{", b"\xef\xbb\xbf")):
        try:
            return loads(raw.removeprefix(b"\xef\xbb\xbf"))
        except Malformed as not_json:
            try:
                return loads_yaml(raw)
            except Malformed:
                raise not_json from None
    return loads_yaml(raw)
