"""What filters may take and give: one call can't be interrupted, so none may be large."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import wraps
from typing import Any
from zoneinfo import ZoneInfo

from liquid.exceptions import FilterArgumentError, ResourceLimitError
from liquid.undefined import Undefined

from app import clock
from app.domain.liquid import MAX_RENDERED
from app.domain.wall_time import zone_of

Filter = Callable[..., Any]
MAX_BITS = 4_000  # of a whole number; longer ones can't be written out anyway
MAX_COMPARED = 1_000  # elements, where each is compared with each
MAX_MARKUP = 10_000  # characters of HTML; the parser of Python is slow on what is none
# `safe` would let what a stranger typed become markup.
_GONE = frozenset({"safe"})


def guarded(filters: Mapping[str, Filter]) -> dict[str, Filter]:
    """The library's filters, with bounds around each."""
    ours = {"date": date}
    return {
        name: _guarded(name, ours.get(name, call))
        for name, call in filters.items()
        if name not in _GONE
    }


def _guarded(name: str, call: Filter) -> Filter:
    expects = _EXPECTED.get(name)

    @wraps(call)  # keeps the marks by which the library knows what else to pass
    def bounded(left: Any, *args: Any, **more: Any) -> Any:
        _weigh(name, left, *args)
        if expects is not None and expects(left, *args) > MAX_RENDERED:
            raise _too_large(name)
        found = call(left, *args, **more)
        _weigh(name, found)
        return found

    return bounded


def _weigh(name: str, *values: Any) -> None:
    """Refuse what is large, all that lies within it included; a thing that lies in it a thousand
    times counts as often, since it would be written out as often."""
    weight, waiting = 0, list(values)
    while waiting:
        value = waiting.pop()
        weight += 1
        if issubclass(type(value), Undefined):  # which raises when it is looked at
            continue
        if isinstance(value, str):
            weight += len(value)
        elif isinstance(value, int) and value.bit_length() > MAX_BITS:
            raise _too_large(name)
        elif isinstance(value, Mapping):
            weight += sum(len(str(key)) for key in value)  # type: ignore[reportUnknownVariableType]
            waiting += value.values()  # type: ignore[reportUnknownMemberType]
        elif isinstance(value, list | tuple):
            waiting += value  # type: ignore[reportUnknownVariableType]
        elif isinstance(value, range):
            weight += len(value)
        if weight + len(waiting) > MAX_RENDERED:
            raise _too_large(name)


def _replaced(left: Any, old: Any = "", new: Any = "", *_: Any) -> int:
    text, old = str(left), str(old)
    return len(text) + (text.count(old) if old else len(text) + 1) * len(str(new))


def _joined(left: Any, separator: Any = " ", *_: Any) -> int:
    return len(left) * len(str(separator)) if isinstance(left, list | tuple | range) else 0  # type: ignore[reportUnknownArgumentType]


def _compared(left: Any, *_: Any) -> int:
    many = isinstance(left, list | tuple | range) and len(left) > MAX_COMPARED  # type: ignore[reportUnknownArgumentType]
    return MAX_RENDERED + 1 if many else 0


def _markup(left: Any, *_: Any) -> int:
    return MAX_RENDERED + 1 if len(str(left)) > MAX_MARKUP else 0


# Filters whose result is not about as large as what they take: how large, told before.
_EXPECTED: dict[str, Callable[..., int]] = {
    "replace": _replaced,
    "join": _joined,
    "uniq": _compared,
    "strip_html": _markup,
}


def _too_large(name: str) -> ResourceLimitError:
    return ResourceLimitError(f"'{name}' has more to do than is allowed", token=None)


def date(value: Any, form: Any = "%Y-%m-%d %H:%M %Z", zone: Any = "UTC", *_: Any) -> str:
    """A time in the form that is asked for, by the clock of a time zone. Runsheet's times are
    ISO 8601; `now` is one too. The library's own guesses at any text, and asks the machine's
    clock."""
    if value is None or value == "":
        return ""
    try:
        at = clock.now() if value in ("now", "today") else _time(value)
        return at.astimezone(_zone(zone)).strftime(str(form)[:100])
    except (ValueError, OverflowError, OSError):
        raise FilterArgumentError(f"{str(value)[:100]!r} is not a time", token=None) from None


def _zone(name: Any) -> ZoneInfo:
    try:
        return zone_of(str(name or "UTC"))
    except ValueError as fault:
        raise FilterArgumentError(str(fault), token=None) from None


def _time(value: Any) -> datetime:
    if isinstance(value, int | float):
        return datetime.fromtimestamp(value, UTC)
    at = datetime.fromisoformat(str(value))
    return at if at.tzinfo else at.replace(tzinfo=UTC)
