"""The JSON Schemas (2020-12) that editors and other programs can check their files against."""

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import models_json_schema

from app.schemas.actions import ACTION_TYPES
from app.schemas.template import NotificationPolicy, Template

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def template_schema() -> dict[str, Any]:
    """A whole template."""
    return {"$schema": DIALECT, **Template.model_json_schema()}


def action_config_schema() -> dict[str, Any]:
    """A step's config, by action type: `#/$defs/` has one for each."""
    models = [(kind.config, "validation") for kind in ACTION_TYPES.values()]
    _, schema = models_json_schema(models, title="actionConfig")  # type: ignore[arg-type]
    choices = [
        {"title": name, "$ref": f"#/$defs/{kind.config.__name__}"}
        for name, kind in ACTION_TYPES.items()
    ]
    return {"$schema": DIALECT, **schema, "anyOf": choices}


def notification_policies_schema() -> dict[str, Any]:
    """The notification policies of a step."""
    return {"$schema": DIALECT, **TypeAdapter(list[NotificationPolicy]).json_schema()}


SCHEMAS: Mapping[str, Callable[[], dict[str, Any]]] = {
    "template": template_schema,
    "actionConfig": action_config_schema,
    "notificationPolicies": notification_policies_schema,
}
