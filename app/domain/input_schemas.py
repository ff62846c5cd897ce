"""The JSON Schemas that authors write for an instance's input and for forms."""

import json
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from functools import cache, lru_cache
from itertools import islice
from typing import Any

from app.errors import FieldError, Invalid

MAX_FAULTS = 50
PATTERN_SECONDS = 0.05


def check_schema(schema: dict[str, Any], at: str) -> None:
    """Raise Invalid if it is not a JSON Schema (2020-12) that refers to nothing outside itself."""
    if faults := _schema_faults(json.dumps(schema), at):
        raise Invalid(faults)


@lru_cache(maxsize=512)
def _schema_faults(text: str, at: str) -> tuple[FieldError, ...]:
    """Remembered: while a template is written its schemas are checked again with every change."""
    try:
        _check(json.loads(text), at)
    except Invalid as invalid:
        return tuple(invalid.errors)
    return ()


def _check(schema: dict[str, Any], at: str) -> None:
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import SchemaError

    _refuse_references(schema, at)
    with _applicable(at, "This can't be applied as a JSON Schema"):
        try:
            Draft202012Validator.check_schema(schema)
        except SchemaError as error:
            path = ".".join([at, *map(str, error.absolute_path)])
            raise Invalid.at(path, error.message[:300]) from None
        _faults(schema, {})


def read_input(schema: dict[str, Any], value: dict[str, Any], at: str) -> dict[str, Any]:
    """The value with the schema's defaults filled in. Raises Invalid with a path per fault."""
    filled = _with_defaults(schema, value)
    with _applicable(at, "The template's schema can't be applied to this"):
        faults = _faults(schema, filled)
    if faults:
        raise Invalid(dict.fromkeys(_field_errors(faults, at)))
    return filled


@contextmanager
def _applicable(at: str, message: str) -> Generator[None]:
    """Schemas are written by strangers and hold regular expressions, URIs and numbers; jsonschema
    raises whatever the libraries for those raise."""
    try:
        yield
    except Invalid:
        raise
    except Exception as error:  # noqa: BLE001 - see above; told to whoever wrote or used it
        raise Invalid.at(at, f"{message}: {type(error).__name__}.") from None


def _faults(schema: dict[str, Any], value: dict[str, Any]) -> list[Any]:
    faults: Iterator[Any] = _validator()(schema).iter_errors(value)
    return list(islice(faults, MAX_FAULTS))


@cache
def _validator() -> Any:
    """JSON Schema as it is, but for `pattern`: an author's regular expression may take for ever
    on some inputs, so it gets a limited time."""
    import regex
    from jsonschema import Draft202012Validator, ValidationError, validators

    def pattern(_validator: Any, pattern: str, instance: Any, _schema: Any) -> Iterator[Any]:
        if not isinstance(instance, str):
            return
        try:
            matches = regex.search(pattern, instance, timeout=PATTERN_SECONDS)
        except TimeoutError:
            yield ValidationError("The template's pattern takes too long to check this.")
            return
        if not matches:
            yield ValidationError(f"This does not match {pattern[:100]!r}.")

    return validators.extend(Draft202012Validator, {"pattern": pattern})  # type: ignore[reportUnknownMemberType]


def _field_errors(faults: Iterable[Any], at: str) -> Iterator[FieldError]:
    for fault in faults:
        path = ".".join([at, *map(str, fault.absolute_path)])
        if fault.validator == "required":
            missing = [name for name in fault.validator_value if name not in fault.instance]
            yield from (FieldError(f"{path}.{name}", "This is required.") for name in missing)
        else:
            yield FieldError(path, fault.message[:300])


def _with_defaults(schema: dict[str, Any], value: dict[str, Any]) -> dict[str, Any]:
    properties = schema.get("properties")
    if not isinstance(properties, dict):
        return value
    filled = dict(value)
    for name, rule in properties.items():  # type: ignore[reportUnknownVariableType]
        if not isinstance(rule, dict):
            continue
        if name not in filled and "default" in rule:
            filled[name] = rule["default"]
        elif isinstance(filled.get(name), dict):  # type: ignore[reportUnknownArgumentType]
            filled[name] = _with_defaults(rule, filled[name])  # type: ignore[reportUnknownArgumentType]
    return filled


def _refuse_references(schema: Any, at: str) -> None:
    if isinstance(schema, dict):
        for key, item in schema.items():  # type: ignore[reportUnknownVariableType]
            if key in ("$ref", "$dynamicRef", "patternProperties"):
                raise Invalid.at(f"{at}.{key}", f"{key} is not supported here.")
            _refuse_references(item, f"{at}.{key}")
    elif isinstance(schema, list):
        for index, item in enumerate(schema):  # type: ignore[reportUnknownVariableType]
            _refuse_references(item, f"{at}.{index}")
