"""The seeded templates together show whatever a template can do: who looks for how something is
written finds it there."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import pytest

from app.domain import findings
from app.domain.findings import Surroundings
from app.domain.half_done import items, mapping, steps_of
from app.models.vocabulary import Channel, InstanceTrigger, Trigger
from app.schemas.actions import ACTION_TYPES
from app.schemas.base import Schema
from app.schemas.conditions import OPERATORS
from app.schemas.policies import InstancePolicy, NotificationPolicy
from app.schemas.template import Template, TemplateStep
from app.schemas.webhook import Auth
from app.schemas.yaml_text import loads_yaml
from app.seeds import belongings, documents

RECEIVER = "https://receiver.example.com"
TEXTS = [path.read_text() for path in sorted(documents.FOLDER.glob("*.yaml"))]
# As they stand in their files: what is left to a default is not shown.
WRITTEN = [mapping(loads_yaml(text.replace("{RECEIVER}", RECEIVER).encode())) for text in TEXTS]
STEPS = [step for document in WRITTEN for step in steps_of(document)]
CONFIGS = [step.config for step in STEPS]
OF_STEPS = [one for step in STEPS for one in items(step.document.get("notificationPolicies"))]
OF_WHOLE = [one for document in WRITTEN for one in items(document.get("notificationPolicies"))]
# What every kind of automation understands need not be shown for each.
COMMON = {"ifPast", "runAt", "delay", "timeoutSeconds", "recurrence", "retry"}
# A policy of an instance is told what one of a step is told, in the same words.
LIKE_STEPS = {"when", "delay", "runAt", "fallback", "signingSecret", "template"}


def named(schema: type[Schema]) -> set[str]:
    """The fields of a schema, as documents name them."""
    return {mapping_of.alias or name for name, mapping_of in schema.model_fields.items()}


def shown(parts: Iterable[Any]) -> set[str]:
    """The fields that are given in some of these."""
    return {name for part in parts for name, value in mapping(part).items() if value is not None}


def values(parts: Iterable[Any], name: str) -> set[Any]:
    return {part[name] for part in parts if name in part}


@pytest.mark.parametrize("kind", [*ACTION_TYPES])
def test_each_action_type_is_shown_with_all_that_it_understands(kind):
    wanted = named(ACTION_TYPES[kind].config)
    configs = [step.config for step in STEPS if step.action_type == kind]
    assert configs
    assert wanted - COMMON <= shown(configs)
    assert wanted & COMMON <= shown(CONFIGS)


def test_each_field_of_templates_steps_and_policies_is_shown():
    assert named(Template) <= shown(WRITTEN)
    assert named(TemplateStep) <= shown(step.document for step in STEPS)
    assert named(NotificationPolicy) <= shown(OF_STEPS)
    assert named(InstancePolicy) - LIKE_STEPS <= shown(OF_WHOLE)


def test_people_are_told_on_each_channel_of_each_trigger():
    assert values(OF_STEPS, "channel") == set(Channel)
    assert values(OF_STEPS, "trigger") == set(Trigger)
    assert values(OF_WHOLE, "trigger") == set(InstanceTrigger)


@pytest.mark.parametrize(
    "recipient", ["role:", "group:", "user:", "assignee", "starter", r"https?://", r"\{\{"]
)
def test_each_kind_of_recipient_is_named(recipient):
    told = [one for policy in (*OF_STEPS, *OF_WHOLE) for one in policy["recipients"]]
    assert any(re.match(recipient, one) for one in told)


@pytest.mark.parametrize("who", ["role:", "group:", "user:"])
def test_each_kind_of_assignee_has_a_step(who):
    assert any(str(step.document.get("assignee")).startswith(who) for step in STEPS)


def test_each_way_to_try_again_to_recur_to_sign_and_to_fail_is_shown():
    schedules = [mapping(config.get("retry")).get("schedule") for config in CONFIGS]
    assert {"standard", "exponential"} <= {one for one in schedules if isinstance(one, str)}
    assert any(isinstance(one, list) for one in schedules)
    rules = shown(config.get("recurrence") for config in CONFIGS)
    assert {"cron", "rrule", "everySeconds", "count", "until", "timezone"} <= rules
    auths = [config["auth"] for config in CONFIGS if config.get("auth")]
    assert values(auths, "type") == {"bearer", "basic", "header"}
    assert named(Auth) <= shown(auths)
    assert values(CONFIGS, "onTimeout") == {"fail", "complete"}
    assert values(CONFIGS, "ifPast") == {"run", "skip"}


def test_each_operator_of_conditions_is_used():
    asked = [step.when for step in STEPS] + [policy.get("when") for policy in OF_STEPS]
    compared = [part for when in asked for part in _comparisons(when)]
    compared += [[one["path"], one["op"]] for c in CONFIGS for one in items(c.get("expect"))]
    assert {part[1] for part in compared} == set(OPERATORS)
    assert any("any" in mapping(when) for when in asked)
    assert any("all" in mapping(when) for when in asked)


def _comparisons(when: Any) -> list[Any]:
    parts = [part for parts in mapping(when).values() for part in items(parts)]
    inner = [one for part in parts if isinstance(part, dict) for one in _comparisons(part)]
    return [part for part in parts if isinstance(part, list)] + inner


def test_inputs_and_forms_have_fields_of_each_type_with_all_that_is_known_of_them():
    schemas = [document["inputSchema"] for document in WRITTEN]
    schemas += [config["schema"] for config in CONFIGS if config.get("schema")]
    fields = [field for schema in schemas for field in schema["properties"].values()]
    assert values(fields, "type") >= {"string", "number", "boolean", "array"}
    assert values(fields, "format") >= {"email", "date", "date-time"}
    assert {"title", "description", "default", "enum", "examples", "minimum"} <= shown(fields)


@pytest.mark.parametrize("root", ["input", "instance", "steps"])
def test_placeholders_read_each_root(root):
    assert any(re.search(rf"\{{\{{ {root}\.", text) for text in TEXTS)
    assert any(".callbackUrl }}" in text for text in TEXTS)


def test_nothing_is_found_of_them_that_keeps_them_from_being_published():
    around = Surroundings(
        now=datetime(2026, 6, 1, tzinfo=UTC),
        secrets=dict.fromkeys(belongings.SECRETS, ()),
        notification_templates=dict.fromkeys(
            {one.get("template", "") for one in (*OF_STEPS, *OF_WHOLE)}, "published"
        ),
        people=frozenset({"role:operator", "role:admin", "group:purchasing"}),
    )
    for document in WRITTEN:
        found = findings.of_document(document, None, around)
        assert [one for one in found if one.severity == "error"] == []
