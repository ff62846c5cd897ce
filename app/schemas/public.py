"""The JSON Schemas (2020-12) that editors and other programs can check their files against."""

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import models_json_schema

from app.schemas.actions import ACTION_TYPES
from app.schemas.template import NotificationPolicy, Template

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def template_schema() -> dict[str, Any]:
    """A whole template. What a step's config may say depends on its action type, so that editors
    complete it."""
    schema = Template.model_json_schema()
    step = schema["$defs"]["TemplateStep"]
    step["allOf"] = [_config_of(name) for name in ACTION_TYPES]
    configs = action_config_schema()["$defs"]
    return {"$schema": DIALECT, **schema, "$defs": schema["$defs"] | configs}


def _config_of(action_type: str) -> dict[str, Any]:
    config = ACTION_TYPES[action_type].config
    then: dict[str, Any] = {"properties": {"actionConfig": {"$ref": _ref(action_type)}}}
    if any(field.is_required() for field in config.model_fields.values()):
        then["required"] = ["actionConfig"]
    # Without `required` a step that has no type yet would be held against each of them.
    kind = {"properties": {"actionType": {"const": action_type}}, "required": ["actionType"]}
    return {"if": kind, "then": then}


def _ref(action_type: str) -> str:
    return f"#/$defs/{ACTION_TYPES[action_type].config.__name__}"


def action_config_schema() -> dict[str, Any]:
    """A step's config, by action type: `#/$defs/` has one for each."""
    models = [(kind.config, "validation") for kind in ACTION_TYPES.values()]
    _, schema = models_json_schema(models, title="actionConfig")  # type: ignore[arg-type]
    choices = [{"title": name, "$ref": _ref(name)} for name in ACTION_TYPES]
    return {"$schema": DIALECT, **schema, "anyOf": choices}


def notification_policies_schema() -> dict[str, Any]:
    """The notification policies of a step."""
    return {"$schema": DIALECT, **TypeAdapter(list[NotificationPolicy]).json_schema()}


SCHEMAS: Mapping[str, Callable[[], dict[str, Any]]] = {
    "template": template_schema,
    "actionConfig": action_config_schema,
    "notificationPolicies": notification_policies_schema,
}
