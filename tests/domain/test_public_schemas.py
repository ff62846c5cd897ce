"""The JSON Schema that editors complete and check templates with."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from jsonschema import Draft202012Validator

from app.schemas.actions import ACTION_TYPES
from app.schemas.public import template_schema
from app.schemas.yaml_text import loads_yaml
from app.seeds import documents
from tests.support import template_strategies
from tests.support.workflows import make_step

VALIDATOR = Draft202012Validator(template_schema())
SEEDS = sorted(documents.FOLDER.glob("*.yaml"))


def faults(step: dict[str, Any]) -> list[str]:
    document = {"key": "order", "name": "Order", "steps": [step]}
    return [".".join(map(str, fault.absolute_path)) for fault in VALIDATOR.iter_errors(document)]


def test_it_is_a_schema_itself():
    Draft202012Validator.check_schema(VALIDATOR.schema)


@pytest.mark.parametrize("path", SEEDS, ids=lambda path: path.stem)
def test_each_seeded_template_fits_as_it_stands_in_its_file(path):
    VALIDATOR.validate(loads_yaml(path.read_bytes().replace(b"{RECEIVER}", b"https://example.com")))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(template_strategies.templates())
def test_whatever_can_be_published_fits(document):
    VALIDATOR.validate(document)


@pytest.mark.parametrize(
    ("kind", "config", "path"),
    [
        ("AUTOMATION_WEBHOOK", {"ulr": "https://example.com"}, "steps.0.actionConfig"),
        ("AUTOMATION_WEBHOOK", {}, "steps.0.actionConfig"),
        (
            "AUTOMATION_WEBHOOK",
            {"url": "https://example.com", "method": "FETCH"},
            "steps.0.actionConfig.method",
        ),
        ("AUTOMATION_EMAIL", {"to": [], "subject": "Hello"}, "steps.0.actionConfig.to"),
        ("WAIT_TIMER", {"timeout": "P1D"}, "steps.0.actionConfig"),
        ("WAIT_CALLBACK", {"onTimeout": "wait"}, "steps.0.actionConfig.onTimeout"),
        ("APPROVAL", {"question": 5}, "steps.0.actionConfig.question"),
        ("TELEPATHY", {}, "steps.0.actionType"),
    ],
)
def test_what_a_kind_of_step_does_not_understand_is_refused_at_its_place(kind, config, path):
    assert path in faults(make_step("a", kind, (), config, {}))


def test_a_step_that_needs_a_config_must_have_one():
    for name in ACTION_TYPES:
        needs = name in ("AUTOMATION_WEBHOOK", "AUTOMATION_EMAIL")
        assert bool(faults({"key": "a", "name": "A", "actionType": name})) is needs
