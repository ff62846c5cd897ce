"""Paths into what an instance knows: `input.order.lines.0.sku`, `steps.reserve.output.ref`."""

from collections.abc import Mapping
from typing import Any


class MissingPath(LookupError):
    """The path leads nowhere; `path` is as the author wrote it."""

    def __init__(self, path: str) -> None:
        super().__init__(f"{path} is missing")
        self.path = path


def resolve(context: Mapping[str, Any], path: str) -> Any:
    """Follow a dotted path; digits index lists. Raises MissingPath."""
    value: Any = context
    for part in path.split("."):
        try:
            value = value[_index(part)] if isinstance(value, list) else value[part]  # type: ignore[reportUnknownVariableType]
        except (KeyError, IndexError, TypeError, ValueError):
            raise MissingPath(path) from None
    return value  # type: ignore[reportUnknownVariableType]


def _index(part: str) -> int:
    # int() reads "-1", "1_0" and " ١ " too; an author means none of them.
    if not (part.isascii() and part.isdigit()):
        raise ValueError(part)
    return int(part)
