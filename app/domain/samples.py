"""Made-up values that fit a JSON Schema, so that a template can be shown at work before anybody
has started it. Examples and defaults first; else something plain of the right type."""

from collections.abc import Iterable, Mapping
from typing import Any, Protocol, cast

_TEXTS = {
    "email": "name@example.com",
    "date": "2026-01-31",
    "date-time": "2026-01-31T09:00:00Z",
    "time": "09:00:00Z",
    "uri": "https://example.com/",
    "uuid": "00000000-0000-4000-8000-000000000000",
}
_DEEPEST = 8


class StepLike(Protocol):
    """A step as a template or a page has it."""

    @property
    def key(self) -> str: ...
    @property
    def action_type(self) -> str: ...
    @property
    def action_config(self) -> dict[str, Any]: ...


def sample_context(input_schema: Mapping[str, Any], steps: Iterable[StepLike]) -> dict[str, Any]:
    """What placeholders would read in an instance of a template: its input made up, and what
    people answer. What receivers answer can't be known."""
    forms = {step.key: _answered(step) for step in steps}
    outputs = {
        key: {"state": "COMPLETED", "output": output} for key, output in forms.items() if output
    }
    return {"input": sample(input_schema), "steps": outputs}


def _answered(step: StepLike) -> dict[str, Any] | None:
    if step.action_type == "APPROVAL":
        return {"outcome": "approved"}
    schema = step.action_config.get("schema")
    return sample(schema) if step.action_type == "FORM_INPUT" and schema else None


def sample(schema: Any, name: str = "", depth: int = 0) -> Any:
    """A value that fits, as far as type, examples, defaults and lists of choices say."""
    if not isinstance(schema, dict) or depth > _DEEPEST:
        return name
    rule = cast("dict[str, Any]", schema)
    for told in ("examples", "enum"):
        if isinstance(rule.get(told), list) and rule[told]:
            return rule[told][0]
    for told in ("default", "const"):
        if told in rule:
            return rule[told]
    return _plain(rule, name, depth)


def _plain(rule: dict[str, Any], name: str, depth: int) -> Any:
    kind = rule.get("type", "object" if "properties" in rule else "string")
    if isinstance(kind, list):
        kind = next((one for one in cast("list[Any]", kind) if one != "null"), "null")
    if kind == "object":
        fields = cast("dict[str, Any]", rule.get("properties") or {})
        return {key: sample(field, key, depth + 1) for key, field in fields.items()}
    if kind == "array":
        return [sample(rule.get("items"), name, depth + 1)]
    if kind in ("number", "integer"):
        return rule.get("minimum") or 1
    if kind == "string":
        usual = _TEXTS["email"] if "mail" in name.lower() else name
        return _TEXTS.get(str(rule.get("format")), usual)
    return {"boolean": True, "null": None}.get(str(kind), name)
