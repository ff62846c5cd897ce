"""Every route of the API × every role."""

import re
from collections.abc import Iterable

import pytest
from flask import Flask
from werkzeug.routing import Rule

from app.domain.permissions import PERMISSIONS
from tests.api.test_main_story import publish, start

OPEN = "open"
OWN = "work on own steps"
SIGNED = "a signature, whoever it is"
AUTOMATION_AUTHOR = "author who may add automation"
TEMPLATE = "/api/workflows/templates/<id:template_id>"
NOTIFICATION = "/api/workflows/notification-templates/<key:key>"
INSTANCE = "/api/workflows/instances/<id:instance_id>"
SECRET = "/api/workflows/secrets/<secret:name>"
SCHEDULE = "/api/workflows/schedules/<id:schedule_id>"
USER = "/api/workflows/users/<id:user_id>"
GROUP = "/api/workflows/groups/<key:key>"
STEP = f"{INSTANCE}/steps/<key:key>"

# What each route needs. A route that is not here fails the first test.
NEEDS = {
    "GET /api/docs": OPEN,
    "GET /api/openapi.json": OPEN,
    "GET /api/schemas/<name>.json": OPEN,
    "GET /healthz": OPEN,
    "GET /readyz": OPEN,
    "GET /api/workflows/templates": "read",
    "POST /api/workflows/templates": "edit templates",
    "POST /api/workflows/templates/import": "edit templates",
    f"GET {TEMPLATE}": "read",
    f"PUT {TEMPLATE}": "edit templates",
    f"DELETE {TEMPLATE}": "edit templates",
    f"POST {TEMPLATE}/publish": "edit templates",
    f"GET {TEMPLATE}/versions": "read",
    f"GET {TEMPLATE}/versions/<id:number>": "read",
    f"GET {TEMPLATE}/compare": "read",
    f"GET {TEMPLATE}/findings": "edit templates",
    f"POST {TEMPLATE}/restore": "edit templates",
    f"POST {TEMPLATE}/unarchive": "edit templates",
    f"GET {TEMPLATE}/export": "read",
    f"POST {TEMPLATE}/dry-run": "read",
    "GET /api/workflows/notification-templates": "read",
    "POST /api/workflows/notification-templates": "edit templates",
    f"GET {NOTIFICATION}": "read",
    f"PUT {NOTIFICATION}": "edit templates",
    f"DELETE {NOTIFICATION}": "edit templates",
    f"POST {NOTIFICATION}/publish": "edit templates",
    f"POST {NOTIFICATION}/preview": "read",
    f"GET {NOTIFICATION}/versions": "read",
    "GET /api/workflows/instances": "read",
    "POST /api/workflows/instances": "operate",
    "POST /api/workflows/instances/bulk": "operate",
    f"GET {INSTANCE}": "read",
    f"POST {INSTANCE}/cancel": "operate",
    f"POST {INSTANCE}/pause": "operate",
    f"POST {INSTANCE}/resume": "operate",
    f"POST {INSTANCE}/notifications/<id:delivery_id>/replay": "operate",
    "POST /api/workflows/sms-status": SIGNED,
    "GET /api/workflows/deliveries": "read",
    "GET /api/workflows/deliveries/count": "read",
    "GET /api/workflows/tasks": "read",
    "GET /api/workflows/channels": "read",
    "POST /api/workflows/channels/<string:name>/test": "administer",
    "GET /api/workflows/deliveries/<id:delivery_id>": "read",
    "POST /api/workflows/deliveries/replay": "operate",
    f"GET {INSTANCE}/events": "read",
    f"GET {INSTANCE}/events/stream": "read",
    "POST /api/workflows/callbacks/<token:token>": OPEN,
    **{
        f"POST {STEP}/{verb}": "operate"
        for verb in (
            *("fail", "retry", "skip", "replay", "run-now"),
            *("reschedule", "skip-occurrence", "stop-recurrence"),
        )
    },
    f"POST {STEP}/start": OWN,
    f"POST {STEP}/complete": OWN,
    "GET /api/workflows/secrets": "edit templates",
    "POST /api/workflows/secrets": "manage secrets",
    f"GET {SECRET}": "edit templates",
    f"PATCH {SECRET}": "manage secrets",
    f"DELETE {SECRET}": "manage secrets",
    f"POST {SECRET}/rotate": "manage secrets",
    "GET /metrics": OPEN,
    "GET /api/workflows/queues": "read",
    "GET /api/workflows/workers": "read",
    "POST /api/workflows/queues/<string:name>/pause": "operate",
    "POST /api/workflows/queues/<string:name>/resume": "operate",
    "GET /api/workflows/schedules": "read",
    "POST /api/workflows/schedules": "edit schedules",
    "POST /api/workflows/schedules/preview": "read",
    f"GET {SCHEDULE}": "read",
    f"PATCH {SCHEDULE}": "edit schedules",
    f"DELETE {SCHEDULE}": "edit schedules",
    f"GET {SCHEDULE}/fires": "read",
    f"POST {SCHEDULE}/duplicate": "edit schedules",
    f"POST {SCHEDULE}/pause": "operate",
    f"POST {SCHEDULE}/resume": "operate",
    f"POST {SCHEDULE}/run-now": "operate",
    "GET /api/workflows/users": "administer",
    "POST /api/workflows/users": "administer",
    f"GET {USER}": "administer",
    f"PATCH {USER}": "administer",
    f"POST {USER}/invite": "administer",
    f"POST {USER}/deactivate": "administer",
    f"POST {USER}/reactivate": "administer",
    "GET /api/workflows/groups": "read",
    "POST /api/workflows/groups": "administer",
    f"GET {GROUP}": "read",
    f"PATCH {GROUP}": "administer",
    f"DELETE {GROUP}": "administer",
    f"POST {GROUP}/members": "administer",
    f"DELETE {GROUP}/members/<id:user_id>": "administer",
    "GET /api/workflows/audit": "administer",
    "GET /api/workflows/tokens": "administer",
    "POST /api/workflows/tokens": "administer",
    "DELETE /api/workflows/tokens/<id:token_id>": "administer",
}
OPERATE = {OPEN, "read", "operate", OWN}
WRITE = {*OPERATE, "edit templates", "edit schedules"}
MAY = {
    None: {OPEN},
    "viewer": {OPEN, "read"},  # the step here is nobody's: tests/domain/test_assignments.py
    "operator": OPERATE,
    "author": WRITE,
    AUTOMATION_AUTHOR: {*WRITE, "manage secrets"},
    "admin": {OPEN, *PERMISSIONS},
}


def routes(app: Flask, rules: Iterable[Rule] | None = None) -> list[tuple[str, str]]:
    """The methods and rules of the API (all, or of these), as NEEDS writes them."""
    return [
        (method, rule.rule)
        for rule in rules or app.url_map.iter_rules()
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
        if rule.rule.startswith(("/api", "/healthz", "/readyz", "/metrics"))
    ]


def test_every_route_is_listed_here(app):
    assert {f"{method} {rule}" for method, rule in routes(app)} == set(NEEDS)


@pytest.mark.parametrize("role", MAY)
def test_a_role_may_what_the_table_says_and_no_more(app, caller, admin, role):
    publish(admin)
    start(admin)
    role, may = ("author", True) if role == AUTOMATION_AUTHOR else (role, False)
    ours = caller(role, may_add_automation=may)
    allowed = MAY[AUTOMATION_AUTHOR if may else role]
    for method, rule in routes(app):
        path = (
            re.sub(r"<id:\w+>", "1", rule)
            .replace("<key:key>", "pack")
            .replace("<name>", "x")
            .replace("<string:name>", "workflow-automation")
            .replace("<secret:name>", "X")
            .replace("<token:token>", "x" * 43)
        )
        status = ours.ask(method, path, headers={"Last-Event-ID": "0"}).status_code
        if NEEDS[f"{method} {rule}"] in allowed:
            assert status not in (401, 403), f"{role} should be let in: {method} {rule}"
        else:
            unsigned = NEEDS[f"{method} {rule}"] == SIGNED
            expected = 401 if role is None or unsigned else 403
            assert status == expected, f"{role} should be kept out: {method} {rule}"
