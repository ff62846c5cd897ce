"""Notification policies as cards, and their recipients as tokens."""

from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app import transaction
from app.domain.findings import Finding
from app.domain.known_paths import known
from app.models.vocabulary import Channel, Trigger
from app.schemas.policies import NotificationPolicy
from app.schemas.template import Template, TemplateStep
from app.web import policy_views
from app.web.panel import Around, step_form
from tests.support.widget_forms import Editing, field

DOCUMENT = {"inputSchema": {"properties": {"email": {"type": "string", "format": "email"}}}}
AROUND = Around(
    paths=known(DOCUMENT),
    people=[("user:3", "Olga"), ("group:finance", "Finance")],
    notification_templates=[("step-failed", "Step has failed"), ("step-ready", "Step is ready")],
    said={"step-failed": {"SMS": {"text": "{{ step.name }} has failed"}}},
)
POLICY = {"channel": "SMS", "trigger": "ON_FAILED", "recipients": ["role:operator"]}


@pytest.fixture
def policies(app: Flask) -> Any:
    return lambda *value, of=TemplateStep: Editing(
        field(of, "notificationPolicies"), [*value], AROUND
    )


def test_a_policy_is_added_and_filled_in(policies: Any):
    editing = policies()

    editing.send(do="add:@.cards")
    editing.send(
        cards__0__channel="WEBHOOK",
        cards__0__trigger=["ON_COMPLETED"],
        cards__0__recipients__0="https://hooks.example.com/done",
        cards__0__delay="15 minutes",
    )
    editing.send(cards__0__signingSecret="HOOK_KEY")

    [policy] = editing.value
    expected = {
        "channel": "WEBHOOK",
        "trigger": "ON_COMPLETED",
        "recipients": ["https://hooks.example.com/done"],
        "delay": "PT15M",
        "signingSecret": "HOOK_KEY",
    }
    assert NotificationPolicy.read(policy) == NotificationPolicy.read(expected)


def test_several_triggers_of_a_card_are_several_policies(policies: Any):
    editing = policies(POLICY)

    editing.send(cards__0__trigger=["ON_OVERDUE", "ON_FAILED", "ON_READY"])

    assert [policy["trigger"] for policy in editing.value] == [
        "ON_READY",
        "ON_FAILED",
        "ON_OVERDUE",
    ]
    [card] = [each for each in editing.node.children if each.kind == "policy"]
    assert card.label == "SMS when it is ready or it fails or it is late"
    editing.send(cards__0__trigger=["ON_READY"])
    assert editing.value == [{**POLICY, "trigger": "ON_READY"}]


def test_a_card_without_triggers_stays(policies: Any):
    editing = policies(POLICY)

    editing.send(cards__0__trigger=[])

    assert editing.value == [{"channel": "SMS", "recipients": ["role:operator"]}]
    assert editing.node.children[0].label == "SMS when …"


def test_cards_are_moved_and_removed_with_all_their_policies(policies: Any):
    both = [{**POLICY, "trigger": "ON_FAILED"}, {**POLICY, "trigger": "ON_RETRY"}]
    other = {**POLICY, "channel": "EMAIL"}
    editing = policies(*both, other)

    assert editing.send(do="up:@.cards.1") == [other, *both]
    assert editing.send(do="remove:@.cards.0") == both


def test_what_is_wrong_with_all_policies_of_a_card_is_said_once_and_at_its_place(app: Flask):
    triggers = ("ON_READY", "ON_FAILED")
    step = {"notificationPolicies": [{**POLICY, "trigger": trigger} for trigger in triggers]}
    faults = [
        Finding("error", f"notificationPolicies.{at}.recipients.0", "They have no phone.", "x")
        for at in range(2)
    ]

    tabs = {tab.name: tab for tab in step_form(step, faults=faults)}

    tab = tabs["notifications"]
    token = next(each for each in tab.nodes[0].walk() if each.kind == "token")
    assert (token.errors, tab.errors, tab.count) == (["They have no phone."], [], 1)


def test_a_condition_that_can_not_be_read_is_named_by_its_policy(policies: Any):
    editing = policies(POLICY, {**POLICY, "channel": "EMAIL", "when": {"all": []}})

    editing.send(cards__1__when="{ broken")

    assert editing.unread == {"notificationPolicies.1.when": "{ broken"}
    assert editing.form["notificationPolicies.cards.1.when"] == "{ broken"


def test_recipients_are_typed_into_and_taken_away(policies: Any):
    editing = policies(POLICY)

    editing.send(cards__0__recipients__1="assignee")
    editing.send(cards__0__recipients__2="{{ input.email }}")
    editing.send(cards__0__recipients__0="user:3")
    assert editing.value[0]["recipients"] == ["user:3", "assignee", "{{ input.email }}"]

    editing.send(do="remove:@.cards.0.recipients.1")
    assert editing.value[0]["recipients"] == ["user:3", "{{ input.email }}"]


def test_recipients_that_can_be_picked_are_people_and_fields_with_addresses(policies: Any):
    html = policies(POLICY).html

    for value in ("assignee", "starter", "role:author", "user:3", "group:finance"):
        assert f'<option value="{value}">' in html
    assert '<option value="{{ input.email }}">' in html


def test_who_may_not_name_outsiders_is_told_so_at_the_field(app: Flask):
    around = Around(recipients_note="Only who may add automation names people outside.")
    editing = Editing(field(TemplateStep, "notificationPolicies"), [POLICY], around)

    assert "Only who may add automation names people outside." in editing.html


def test_the_words_are_shown_beside_the_template_that_is_picked(policies: Any):
    editing = policies({**POLICY, "template": "step-failed"})
    assert "Charge card has failed" in editing.html

    editing.send(cards__0__channel="EMAIL")
    assert "Nothing is said here" in editing.html


def test_policies_of_the_instance_have_triggers_of_their_own(policies: Any):
    editing = policies(of=Template)

    editing.send(do="add:@.cards")

    assert editing.value[0]["trigger"] == "ON_ATTENTION"
    assert "it needs attention" in editing.html
    assert "remind" not in editing.html


WHENS = st.none() | st.just({"all": [["input.total", ">", 0]]})
POLICIES = st.fixed_dictionaries(
    {"channel": st.sampled_from([*map(str, Channel)])},
    optional={
        "trigger": st.sampled_from([*map(str, Trigger)]),
        "recipients": st.lists(st.sampled_from(["role:operator", "user:3", "a@example.com"])),
        "template": st.sampled_from(["", "step-failed", "gone"]),
        "delay": st.sampled_from([None, "PT15M", "PT24H", "P1DT2H", "soon"]),
        "runAt": st.none() | st.just("{{ input.at }}"),
        "when": WHENS,
        "fallback": st.sampled_from([None, "SMS", {"channel": "SMS", "template": ""}]),
        "remind": st.sampled_from([None, {"every": "PT5M", "times": 3}]),
        "escalate": st.lists(
            st.fixed_dictionaries({"after": st.just("PT1H"), "to": st.just(["role:admin"])}),
            max_size=2,
        ),
        "signingSecret": st.sampled_from([None, "KEY"]),
        "more": st.integers(),
    },
)


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(POLICIES, max_size=4))
def test_any_policies_are_read_back_as_they_were_drawn(app: Flask, value: list[dict[str, Any]]):
    editing = Editing(field(TemplateStep, "notificationPolicies"), value, AROUND)

    assert repr(editing.send()) == repr(value)


def test_seeded_words_can_be_previewed_for_each_trigger(app: Flask):
    with transaction.reading() as session:
        said = policy_views.all_said(session)
    for trigger in Trigger:
        around = Around(said=said)
        of = field(TemplateStep, "notificationPolicies")
        html = Editing(of, [{**POLICY, "channel": "EMAIL", "trigger": trigger}], around).html
        assert "said-email" in html
