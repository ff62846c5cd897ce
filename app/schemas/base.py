"""How a boundary is crossed: guarded JSON in, checked models, faults with their paths out."""

import json
import math
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any, NoReturn, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel

from app.errors import FieldError, Invalid, Malformed

MAX_DEPTH = 64
MAX_NUMBER = 10**18  # beyond this PostgreSQL's bigint, and most receivers, give up

Model = TypeVar("Model", bound="Schema")


class Schema(BaseModel):
    """camelCase outside, snake_case inside; unknown keys are refused, never dropped."""

    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, extra="forbid", str_max_length=100_000
    )

    @classmethod
    def read(cls: type[Model], value: Any, at: str = "") -> Model:
        """Check a parsed value. Raises Invalid with a dotted path for each fault, under `at`."""
        try:
            return cls.model_validate(value)
        except ValidationError as error:
            raise Invalid(field_errors(error, at)) from None

    def document(self) -> dict[str, Any]:
        """The JSON form: camelCase, defaults included, in the order of the fields."""
        return self.model_dump(mode="json", by_alias=True)


def field_errors(error: ValidationError, at: str = "") -> list[FieldError]:
    """A pydantic error as faults with dotted paths and plain messages."""
    return [
        FieldError(".".join(filter(None, [at, *map(str, _path(e["loc"]))])), _message(e))
        for e in error.errors(include_url=False, include_context=True)
    ]


def _path(loc: Iterable[int | str]) -> list[int | str]:
    # Union branches add a tag such as `function-after[…]` to the path; no field is named so.
    return [part for part in loc if isinstance(part, int) or "[" not in part]


def _message(error: Any) -> str:
    if error["type"] == "extra_forbidden":
        return "There is no such field."
    if error["type"] == "missing":
        return "This is required."
    return str(error["msg"]).removeprefix("Value error, ")


def loads(text: str | bytes) -> Any:
    """Parse JSON that a stranger sent. Raises Malformed with the reason: not JSON, NaN or
    Infinity, numbers beyond all measure, duplicate keys, NUL or lone surrogates, too deep."""
    try:
        # Decoded here: json.loads would take UTF-16 too, and surrogates for characters.
        value = json.loads(
            text.decode("utf-8") if isinstance(text, bytes) else text,
            parse_constant=_refuse_constant,
            parse_float=_finite,
            parse_int=_whole,
            object_pairs_hook=_unique_keys,
        )
    except Malformed:
        raise
    except RecursionError:
        raise Malformed("The JSON is nested too deeply.") from None
    except UnicodeDecodeError:
        raise Malformed("The body is not UTF-8.") from None
    except ValueError as error:
        raise Malformed(f"The body is not JSON: {error}.") from None
    check_text(value)
    return value


def check_text(value: Any, depth: int = 0) -> None:
    """Refuse what databases and receivers choke on: NUL, lone surrogates, deep nesting."""
    if depth > MAX_DEPTH:
        raise Malformed(f"The JSON is nested more than {MAX_DEPTH} levels deep.")
    if isinstance(value, str):
        _check_string(value)
    elif isinstance(value, dict):
        for key, item in value.items():
            _check_string(key)
            check_text(item, depth + 1)
    elif isinstance(value, list):
        for item in value:
            check_text(item, depth + 1)


def _check_string(value: str) -> None:
    if "\x00" in value:
        raise Malformed("Text must not contain NUL characters.")
    if any("\ud800" <= char <= "\udfff" for char in value):
        raise Malformed("Text must not contain lone surrogates.")


def _refuse_constant(name: str) -> NoReturn:
    raise Malformed(f"{name} is not JSON.")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise Malformed("A number is too large.")
    return number


def _whole(text: str) -> int:
    if len(text) > 19 or abs(int(text)) > MAX_NUMBER:
        raise Malformed("A whole number is too large.")
    return int(text)


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Malformed("An object has the same key twice.")
    return found


def zulu(at: datetime) -> str:
    """A time as it crosses the boundary: UTC, ISO 8601, with `Z`, as pydantic writes it too."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def gather(*checks: Callable[[], object]) -> None:
    """Run all checks and raise one Invalid with the faults of all of them."""
    faults: list[FieldError] = []
    for check in checks:
        try:
            check()
        except Invalid as invalid:
            faults += invalid.errors
    if faults:
        raise Invalid(faults)
