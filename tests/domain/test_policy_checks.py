"""What policies may name: faults stand at their field; outside is for who may add automation."""

import pytest

from app.domain import permissions, templates
from app.domain.people import Actor
from app.errors import Forbidden, Invalid
from app.schemas.template import Template
from tests.support.looking import change
from tests.support.workflows import AUTHOR, LOOPBACK, task, webhook

PLAIN_AUTHOR = Actor("user:author@example.com", "author", may_add_automation=False)


def template(*policies, step=task, whole=(), **more) -> Template:
    document = {
        "key": "order",
        "name": "Order",
        "notificationPolicies": list(whole),
        "steps": [step("pack", notificationPolicies=list(policies), **more)],
    }
    return Template.read(document)


def policy(*recipients, channel="EMAIL", **more):
    return {"channel": channel, "trigger": "ON_READY", "recipients": list(recipients)} | more


def faults(wanted: Template) -> dict[str, str]:
    with pytest.raises(Invalid) as invalid:
        templates.checked_document(wanted, LOOPBACK)
    return {fault.path: fault.message for fault in invalid.value.errors}


@pytest.mark.parametrize(
    ("channel", "recipient"),
    [
        ("EMAIL", "no address"),
        ("EMAIL", "+14155550100"),
        ("SMS", "operator@example.com"),
        ("SMS", "0800"),
        ("PUSH", "operator@example.com"),
        ("IN_APP", "https://example.com"),
        ("CHAT", "#ops"),
        ("WEBHOOK", "example.com"),
        ("EMAIL", "role:nobody"),
        ("EMAIL", "user:"),
    ],
)
def test_a_recipient_that_its_channel_can_not_reach_is_refused_at_its_place(channel, recipient):
    found = faults(template(policy("role:operator", recipient, channel=channel)))
    assert list(found) == ["steps.0.notificationPolicies.0.recipients.1"]


@pytest.mark.parametrize(
    ("channel", "recipient"),
    [
        ("EMAIL", "Ops <ops@example.com>"),
        ("SMS", "+1 (415) 555-0100"),
        ("CHAT", "chat:ops-room"),
        ("WEBHOOK", "https://hooks.example.com/x"),
        ("PUSH", "role:operator"),
        ("SMS", "{{ input.phone }}"),
        ("IN_APP", "assignee"),
        ("EMAIL", "starter"),
        ("EMAIL", "user:3"),
    ],
)
def test_what_its_channel_understands_is_taken(channel, recipient):
    templates.checked_document(template(policy(recipient, channel=channel)))


def test_fallbacks_escalations_and_policies_of_the_whole_are_looked_at_too():
    odd = policy(
        "role:operator",
        fallback={"channel": "SMS", "recipients": ["x"]},
        escalate=[{"after": "PT1H", "to": "y"}],
    )
    whole = {"channel": "EMAIL", "trigger": "ON_ATTENTION", "recipients": ["z"]}
    assert sorted(faults(template(odd, whole=[whole]))) == [
        "notificationPolicies.0.recipients.0",
        "steps.0.notificationPolicies.0.escalate.0.to.0",
        "steps.0.notificationPolicies.0.fallback.recipients.0",
    ]


def test_only_peoples_steps_remind_and_escalate():
    remind = policy("role:operator", remind={"every": "PT1H", "times": 2})
    found = faults(template(remind, step=webhook))
    assert list(found) == ["steps.0.notificationPolicies.0.remind"]


@pytest.mark.parametrize("trigger", ["ON_COMPLETED", "ON_FAILED", "ON_SKIPPED"])
def test_nobody_is_reminded_of_what_has_ended(trigger):
    again = {
        "remind": {"every": "PT1H", "times": 2},
        "escalate": [{"after": "PT1H", "to": "user:1"}],
    }
    found = faults(template(policy("role:operator", **again) | {"trigger": trigger}))
    assert sorted(found) == [
        "steps.0.notificationPolicies.0.escalate",
        "steps.0.notificationPolicies.0.remind",
    ]


@pytest.mark.parametrize("trigger", ["ON_READY", "ON_STARTED", "ON_OVERDUE"])
def test_while_somebody_works_on_it_reminders_are_taken(trigger):
    remind = policy("role:operator", remind={"every": "PT1H", "times": 2})
    templates.checked_document(template(remind | {"trigger": trigger}))


def test_a_template_that_is_not_there_keeps_it_from_being_published(app):
    draft = template(policy("role:operator", template="no-such-words"))
    template_id = change(templates.create, draft, AUTHOR).id
    with pytest.raises(Invalid) as invalid:
        change(templates.publish, template_id, AUTHOR)
    assert [fault.path for fault in invalid.value.errors] == [
        "steps.0.notificationPolicies.0.template"
    ]


@pytest.mark.parametrize(
    "recipient", ["someone@elsewhere.example", "{{ input.email }}", "someone@sub.example.com"]
)
def test_outside_the_organisation_is_for_who_may_add_automation(recipient):
    wanted = template(policy(recipient))
    with pytest.raises(Forbidden):
        permissions.require_automation(PLAIN_AUTHOR, wanted, None, "example.com")
    permissions.require_automation(PLAIN_AUTHOR, wanted, wanted, "example.com")  # was there before


@pytest.mark.parametrize(
    "recipient", ["https://hooks.example.com/x", "{{ input.url }}", "{{ input.scheme }}://x"]
)
def test_a_url_is_always_outside(recipient):
    wanted = template(policy(recipient, channel="WEBHOOK"))
    with pytest.raises(Forbidden):
        permissions.require_automation(PLAIN_AUTHOR, wanted, None, "")


def test_a_placeholder_that_was_a_mail_s_is_not_yet_a_webhook_s():
    before = template(policy("{{ input.to }}"))
    permissions.require_automation(PLAIN_AUTHOR, before, None, "")
    with pytest.raises(Forbidden):
        permissions.require_automation(
            PLAIN_AUTHOR, template(policy("{{ input.to }}", channel="WEBHOOK")), before, ""
        )


def test_roles_people_and_addresses_of_the_organisation_are_inside():
    wanted = template(policy("role:operator", "user:3", "assignee", "starter", "a@Example.com"))
    permissions.require_automation(PLAIN_AUTHOR, wanted, None, "example.com, example.org")
