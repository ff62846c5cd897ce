"""The step property panel: what is drawn from the schemas is read back as it was."""

from typing import Any

import pytest
from flask import Flask

from app.schemas.actions import ACTION_TYPES
from app.schemas.template import TemplateStep
from app.web.panel import read_step
from tests.support.panel_forms import sent

CONFIGS: dict[str, dict[str, Any]] = {
    "AUTOMATION_WEBHOOK": {
        "url": "https://stock.example.com/{{ input.orderId }}",
        "headers": {"X-Source": "runsheet"},
        "body": {"order": "{{ input.orderId }}", "lines": [1, 2.5, None]},
        "signingSecret": "STOCK_KEY",
        "auth": {"type": "basic", "secret": "STOCK_TOKEN", "username": "shop"},
        "retry": {"schedule": [5, 60]},
        "successStatus": ["2xx", 404],
        "expect": [{"path": "body.id", "op": "exists"}],
        "output": {"id": "body.id"},
        "recurrence": {"cron": "0 9 * * 1-5", "count": 5},
    },
    "AUTOMATION_EMAIL": {"to": ["{{ input.email }}"], "subject": "Hello", "html": "<p>\nHello</p>"},
    "WAIT_TIMER": {"delay": "PT5M"},
}
POLICY = {
    "channel": "EMAIL",
    "trigger": "ON_READY",
    "fallback": "SMS",
    "remind": {"every": "PT5M", "times": 3},
}


def a_step(kind: str) -> dict[str, Any]:
    """A step of this type in which something stands in every field."""
    step = {
        "key": "reserve",
        "name": "Reserve stock",
        "description": "Reserves *it*.\n\nAt once.",
        "actionType": kind,
        "dependsOn": ["check"],
        "when": {"all": [["input.total", ">", 0]]},
        "notificationPolicies": [POLICY],
        "assignee": "role:operator",
        "dueIn": "PT1H",
        "actionConfig": CONFIGS.get(kind, {}),
    }
    return checked(step)


def checked(step: dict[str, Any]) -> dict[str, Any]:
    """The step with its defaults, as a draft has it. Raises Invalid."""
    document = TemplateStep.read(step).document()
    config = ACTION_TYPES[step["actionType"]].config
    return document | {"actionConfig": config.read(document["actionConfig"]).document()}


@pytest.mark.parametrize("kind", ACTION_TYPES)
def test_a_step_is_read_back_as_it_was_drawn(app: Flask, kind: str):
    step = a_step(kind)

    assert read_step(sent(step), step) == (step, {})


@pytest.mark.parametrize("kind", ACTION_TYPES)
def test_the_form_alone_has_the_whole_step(app: Flask, kind: str):
    step = a_step(kind)

    found, unread = read_step(sent(step), {"actionType": kind})

    assert (checked(found), unread) == (step, {})
