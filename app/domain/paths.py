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
            value = value[int(part)] if isinstance(value, list) else value[part]  # type: ignore[reportUnknownVariableType]
        except (KeyError, IndexError, TypeError, ValueError):
            raise MissingPath(path) from None
    return value  # type: ignore[reportUnknownVariableType]
