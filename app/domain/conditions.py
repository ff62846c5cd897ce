"""Says whether a `when` holds. Conditions are data; nothing here runs what an author wrote."""

import operator
from collections.abc import Callable, Mapping
from typing import Any

from app.domain.paths import MissingPath, resolve
from app.domain.placeholders import written


def _in(left: Any, right: Any) -> bool:
    return isinstance(right, list) and left in right


def _contains(left: Any, right: Any) -> bool:
    if isinstance(left, str):
        return isinstance(right, str) and right in left
    return isinstance(left, list | dict) and right in left


COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
    "in": _in,
    "not in": lambda left, right: isinstance(right, list) and left not in right,
    "contains": _contains,
}


def holds(when: Mapping[str, Any] | None, context: Mapping[str, Any]) -> bool:
    """True if there is no condition or it holds. A missing path makes its comparison false."""
    if when is None:
        return True
    verdict = all if "all" in when else any
    parts: list[Any] = next(iter(when.values()))
    return verdict(_part_holds(part, context) for part in parts)


def describe_refusal(when: Mapping[str, Any], context: Mapping[str, Any]) -> str:
    """Why it does not hold, for people: `input.total > 0 does not hold (it is 0)`."""
    for part in next(iter(when.values())):
        if _part_holds(part, context):
            continue
        if isinstance(part, dict):
            return describe_refusal(part, context)  # type: ignore[reportUnknownArgumentType]
        return _describe(part, context)
    return "its condition does not hold"


def reads(when: Mapping[str, Any] | None) -> set[str]:
    """The first parts of all paths it reads: `input`, `steps`, `instance`."""
    if when is None:
        return set()
    found: set[str] = set()
    for part in next(iter(when.values())):
        found |= reads(part) if isinstance(part, dict) else {part[0].split(".")[0]}  # type: ignore[reportUnknownArgumentType]
    return found


def _part_holds(part: Any, context: Mapping[str, Any]) -> bool:
    if isinstance(part, dict):
        return holds(part, context)  # type: ignore[reportUnknownArgumentType]
    path, op = part[0], part[1]
    try:
        value = resolve(context, path)
    except MissingPath:
        return op == "exists" and len(part) == 3 and part[2] is False
    return compare(value, op, part[2] if len(part) == 3 else True)


def compare(value: Any, op: str, wanted: Any) -> bool:
    """Whether a value that is there holds against the one wanted; of `exists`, true or false."""
    if op == "exists":
        return bool(wanted)
    try:
        return COMPARE[op](value, wanted)
    except TypeError:  # 3 > "2": nothing sensible to say, so it does not hold
        return False


def _describe(part: list[Any], context: Mapping[str, Any]) -> str:
    wanted = " ".join(written(piece) for piece in part[1:])
    try:
        return f"{part[0]} was {_short(resolve(context, part[0]))}, wanted {wanted}"
    except MissingPath:
        return f"{part[0]} is missing, wanted {wanted}"


def _short(value: Any) -> str:
    text = written(value)  # as JSON has it: false, not False
    return text if len(text) <= 60 else text[:57] + "…"
