"""The shape of `when`: conditions as data, never code."""

from typing import Annotated, Any, Literal, get_args

from pydantic import BeforeValidator, Field

Operator = Literal["=", "!=", ">", ">=", "<", "<=", "in", "not in", "contains", "exists"]
OPERATORS: tuple[str, ...] = get_args(Operator)
ROOTS = ("input", "steps", "instance")
MAX_CONDITIONS = 100


def check_when(value: Any, depth: int = 0) -> Any:
    """Check `{"all" or "any": [[path, op, value] or nested, …]}`; returns it unchanged."""
    if depth > 8:
        raise ValueError("Conditions are nested more than 8 levels deep.")
    if not isinstance(value, dict) or len(value) != 1 or next(iter(value)) not in ("all", "any"):
        raise ValueError('Write {"all": […]} or {"any": […]}.')
    parts = next(iter(value.values()))
    if not isinstance(parts, list) or not 0 < len(parts) <= MAX_CONDITIONS:
        raise ValueError(f"Give between 1 and {MAX_CONDITIONS} conditions.")
    for part in parts:
        if isinstance(part, dict):
            check_when(part, depth + 1)
        else:
            _check_comparison(part)
    return value


def _check_comparison(part: Any) -> None:
    if not isinstance(part, list) or len(part) not in (2, 3):
        raise ValueError("A condition is [path, operator, value].")
    path, operator = part[0], part[1]
    if path == "":
        raise ValueError("A condition does not say what it looks at.")
    if not isinstance(path, str) or path.split(".")[0] not in ROOTS:
        raise ValueError("A path begins with input., steps. or instance.")
    if operator not in OPERATORS:
        raise ValueError(f"{operator!r} is not an operator. Use one of {', '.join(OPERATORS)}.")
    check_operator(operator, given=len(part) == 3, value=part[-1])


def check_operator(operator: str, *, given: bool, value: Any) -> None:
    """Raise ValueError if the operator can't compare with this value, or with none."""
    if not given and operator != "exists":
        raise ValueError(f"{operator} needs a value to compare with.")
    if operator in ("in", "not in") and not isinstance(value, list):
        raise ValueError(f"{operator} needs a list of values.")


When = Annotated[
    dict[str, Any],
    BeforeValidator(check_when),
    Field(
        description="Runs the step only if this holds: `all` or `any` of `[path, op, value]`.",
        examples=[{"all": [["input.total", ">", 0]]}],
        json_schema_extra={"x-widget": "condition"},
    ),
]
