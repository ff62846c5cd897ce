"""The JSON Schemas that authors write for an instance's input and for forms."""

from typing import Any

from app.errors import FieldError, Invalid

MAX_FAULTS = 50


def check_schema(schema: dict[str, Any], at: str) -> None:
    """Raise Invalid if it is not a JSON Schema (2020-12) that refers to nothing outside itself."""
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import SchemaError

    _refuse_references(schema, at)
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        path = ".".join([at, *map(str, error.absolute_path)])
        raise Invalid.at(path, error.message[:300]) from None


def read_input(schema: dict[str, Any], value: dict[str, Any], at: str) -> dict[str, Any]:
    """The value with the schema's defaults filled in. Raises Invalid with a path per fault."""
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import SchemaError, ValidationError

    filled = _with_defaults(schema, value)
    try:
        faults = list(_first(Draft202012Validator(schema).iter_errors(filled)))
    except (SchemaError, RecursionError, ValidationError):
        raise Invalid.at(at, "The template's schema can't be applied to this.") from None
    if faults:
        raise Invalid(_field_error(fault, at) for fault in faults)
    return filled


def _first(faults: Any) -> Any:
    for _, fault in zip(range(MAX_FAULTS), faults, strict=False):
        yield fault


def _field_error(fault: Any, at: str) -> FieldError:
    path = [at, *map(str, fault.absolute_path)]
    message = fault.message[:300]
    if fault.validator == "required":
        missing = next(name for name in fault.validator_value if name not in fault.instance)
        return FieldError(".".join([*path, missing]), "This is required.")
    return FieldError(".".join(path), message)


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
            if key in ("$ref", "$dynamicRef"):
                raise Invalid.at(f"{at}.{key}", "References are not supported here.")
            _refuse_references(item, f"{at}.{key}")
    elif isinstance(schema, list):
        for index, item in enumerate(schema):  # type: ignore[reportUnknownVariableType]
            _refuse_references(item, f"{at}.{index}")
