"""Examples for the OpenAPI document. Most are put together from the examples of the fields; where
fields depend on each other, the whole stands here."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from app import errors
from app.api.words import AT, LATER

Json = Any

_RULE = {"cron": "0 9 * * MON-FRI", "timezone": "Europe/Berlin"}
_STEPS = [
    {
        "key": "reserve",
        "name": "Reserve stock",
        "actionType": "AUTOMATION_WEBHOOK",
        "actionConfig": {
            "url": "https://stock.example.com/orders/{{ input.orderId }}",
            "body": {"order": "{{ input.orderId }}"},
            "retry": {"maxAttempts": 10, "schedule": "standard"},
        },
        "notificationPolicies": [
            {"channel": "EMAIL", "trigger": "ON_FAILED", "recipients": ["role:operator"]}
        ],
    },
    {
        "key": "pack",
        "name": "Pack",
        "actionType": "MANUAL_TASK",
        "dependsOn": ["reserve"],
        "actionConfig": {"instructions": "Pack it well."},
        "assignee": "role:operator",
        "dueIn": "PT4H",
    },
]
TEMPLATE: Mapping[str, Json] = {
    "key": "order-fulfilment",
    "name": "Order fulfilment",
    "description": "Takes an order to its parcel.",
    "inputSchema": {
        "type": "object",
        "required": ["orderId"],
        "properties": {"orderId": {"type": "string"}},
    },
    "steps": _STEPS,
}
_CONTENT = {
    "EMAIL": {"subject": "{{ step.name }} failed", "text": "{{ step.error }}"},
    "SMS": {"text": "{{ step.name }} failed"},
}
# By schema. A request that names one of two things, or that reads best as short as it can be.
WHOLE: Mapping[str, Json] = {
    "Template": TEMPLATE,
    "AnyCallIn": {"outcome": "completed", "output": {"parcel": "JD0146000"}},
    "BulkIn": {"items": [{"templateKey": "order-fulfilment", "input": {"orderId": "A-1042"}}]},
    "CompleteIn": {"output": {"boxes": 2}, "reason": "Packed in two boxes."},
    "DeliveryReplay": {"state": "FAILED", "channel": "EMAIL", "expected": 3, "reason": "It is up."},
    "DryRunIn": {"input": {"orderId": "A-1042"}, "outcomes": {"reserve": "failure"}},
    "GroupChange": {"members": ["operator@example.com"], "reason": "The others left."},
    "GroupIn": {"key": "finance", "name": "Finance", "members": ["operator@example.com"]},
    "InstanceIn": {"templateKey": "order-fulfilment", "input": {"orderId": "A-1042"}},
    "NotificationContents": _CONTENT,
    "NotificationTemplateIn": {
        "key": "order-late",
        "name": "An order is late",
        "content": _CONTENT,
    },
    "NotificationTemplatePut": {"name": "An order is late", "content": _CONTENT},
    "OccurrencesIn": {**_RULE, "after": AT, "count": 5},
    "PauseIn": {"reason": "Stocktaking.", "until": LATER},
    "PreviewIn": {"channel": "EMAIL"},
    "ReplayIn": {"reason": "The receiver asks for it."},
    "RestoreIn": {"version": 1},
    "RotateIn": {"value": "a value that nobody guesses"},
    "ScheduleChange": {"cron": "30 8 * * MON-FRI"},
    "ScheduleIn": {"name": "Morning order", "templateKey": "order-fulfilment", **_RULE},
    "SecretIn": {"name": "STOCK_KEY", "value": "a value that nobody guesses"},
    "TemplatePublishIn": {"note": "Asks for the phone number."},
    "TemplateStep": _STEPS[1],
    "TokenIn": {"name": "shop", "role": "operator"},
    "UserChange": {"role": "operator", "reason": "Helps out this week."},
    "UserIn": {"email": "operator@example.com", "name": "Kim Park", "role": "operator"},
}
_PLAIN: Mapping[str, Json] = {
    "string": "text",
    "integer": 1,
    "number": 1.5,
    "boolean": True,
    "object": {},
    "array": [],
    "null": None,
}


def of(schema: Json, components: Mapping[str, Json]) -> Json:
    """An example of a schema whose fields have been described (`described.py`)."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return WHOLE[name] if name in WHOLE else of(components[name], components)
    for given in (schema.get("examples"), schema.get("enum")):
        if given:
            return given[0]
    if "const" in schema:
        return schema["const"]
    if "allOf" in schema:
        return _of_all(schema["allOf"], components)
    if "anyOf" in schema:
        return of(schema["anyOf"][0], components)
    return _of_type(schema, components)


def _of_all(schemas: list[Json], components: Mapping[str, Json]) -> Json:
    found: dict[str, Json] = {}
    for schema in schemas:
        found |= of(schema, components)
    return found


def _of_type(schema: Json, components: Mapping[str, Json]) -> Json:
    kind = schema.get("type")
    if kind == "object" and "properties" in schema:
        return {name: of(part, components) for name, part in schema["properties"].items()}
    if kind == "array" and "$ref" in schema.get("items", {}):
        return [of(schema["items"], components)]
    if schema.get("format") == "date-time":
        return AT
    return _PLAIN.get(kind or "null")


def problem(code: int) -> Json:
    """What an error with this status looks like."""
    found = next((kind for kind in _kinds(errors.RunsheetError) if kind.status == code), None)
    phrase = HTTPStatus(code).phrase.lower().replace(" ", "-")
    slug, detail = (found.slug, (found.__doc__ or "").strip()) if found else (phrase, "")
    faults = {
        400: [{"path": "", "message": detail}],
        413: [{"path": "", "message": detail}],
        422: [{"path": "steps.0.key", "message": "This is required."}],
    }
    return {
        "type": f"/problems/{slug}",
        "title": slug.replace("-", " ").capitalize(),
        "status": code,
        "detail": detail or "Send JSON, with Content-Type: application/json.",
        "errors": faults.get(code, []),
    }


def _kinds(base: type[errors.RunsheetError]) -> list[type[errors.RunsheetError]]:
    """The situations, those first that stand nearest to their base."""
    nearest = base.__subclasses__()
    return nearest + [kind for each in nearest for kind in _kinds(each)]
