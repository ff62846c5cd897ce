"""What an email step must be before it is saved, each fault at its field; and who may change it."""

from typing import Any

import pytest

from app.domain import permissions, templates
from app.domain.people import Actor
from app.errors import Forbidden, Invalid
from app.schemas.template import Template
from tests.support.mailing import email
from tests.support.workflows import LOOPBACK, task

PLAIN_AUTHOR = Actor("user:author@example.com", "author", may_add_automation=False)


def faults(**config: Any) -> dict[str, str]:
    """What is said of an email step, by field."""
    template = Template.read(
        {"key": "order", "name": "Order", "steps": [task("pack"), email("tell", **config)]}
    )
    try:
        templates.checked_document(template, LOOPBACK)
    except Invalid as invalid:
        return {
            error.path.removeprefix("steps.1.actionConfig."): error.message
            for error in invalid.errors
        }
    return {}


def test_a_good_step_has_no_faults():
    assert not faults(
        to=["ann@example.com", "{{ input.email }}", "{{ input.name }} <{{ input.email }}>"],
        reply_to=None,
        subject="{% if input.express %}Express: {% endif %}{{ input.id | upcase }}",
        text="{% for line in input.lines %}{{ line.sku }} x{{ forloop.index }}\n{% endfor %}",
        html="{% assign total = steps.sum.output.total %}<p>{{ total }} at {{ 'now' | date }}</p>",
    )


def test_addresses_that_are_none_are_refused_at_their_place():
    found = faults(
        to=["ann@example.com", "nobody", "a@example.com, b@example.com"],
        cc=["{{ input.email"],
        bcc=["{% if input.x %}a@example.com{% endif %}"],
        replyTo="{{ input.email | downcase }}",
    )
    assert found == {
        "to.1": "'nobody' is not a mail address.",
        "to.2": "'a@example.com, b@example.com' is not a mail address.",
        "cc.0": "An address takes plain placeholders only, such as {{ input.email }}.",
        "bcc.0": "An address takes plain placeholders only, such as {{ input.email }}.",
        "replyTo": "An address takes plain placeholders only, such as {{ input.email }}.",
    }


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Hello\n\n{{ input.name", "Line 3: '{{' has no closing '}}'."),
        ("Hello\n{% if input.x %}", "Expected tag endif, found the end of the text."),
        ("{% include 'footer' %}", "Line 1: unexpected tag 'include'."),
        ("a\n{{ input.name | shout }}", "Line 2: there is no filter 'shout'."),
        ("a\n{{ orderId }}", "Line 2: orderId leads nowhere. Values are in input, steps and"),
    ],
)
@pytest.mark.parametrize("field", ["subject", "text", "html"])
def test_what_is_no_liquid_is_said_with_its_line(field, text, said):
    found = faults(**{field: text})
    assert list(found) == [field]
    assert found[field].startswith(said)


def document(**step: Any) -> Template:
    """A template as it is stored, with an email step after an approval of people."""
    steps = [
        task("pack"),
        {"key": "ok", "name": "Ok?", "actionType": "APPROVAL"},
        email("tell", "ok", "pack") | {"when": {"all": [["input.x", "=", 1]]}} | step,
    ]
    template = Template.read({"key": "order", "name": "Order", "steps": steps})
    return Template.model_validate(templates.checked_document(template, LOOPBACK))


@pytest.mark.parametrize(
    "change",
    [
        {"actionConfig": {"to": ["bob@example.com"], "subject": "Order", "text": "Hello."}},
        {"dependsOn": ["pack"]},
        {"dependsOn": []},
        {"when": None},
        {"when": {"all": [["input.x", "=", 2]]}},
        {"assignee": "role:admin"},
    ],
)
def test_only_who_may_add_automation_changes_what_an_automation_step_does_or_when(change):
    with pytest.raises(Forbidden):
        permissions.require_automation(PLAIN_AUTHOR, document(**change), document())
    may = Actor("user:a@example.com", "author", may_add_automation=True)
    permissions.require_automation(may, document(**change), document())


@pytest.mark.parametrize(
    "change", [{"name": "Tell them"}, {"description": "Why"}, {"dependsOn": ["pack", "ok"]}]
)
def test_anybody_who_edits_templates_changes_its_words(change):
    permissions.require_automation(PLAIN_AUTHOR, document(**change), document())
