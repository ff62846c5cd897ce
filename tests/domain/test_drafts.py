"""What authors are writing: saved with its faults, and the draft as soon as it has none."""

import json
from typing import Any

import pytest

from app import transaction
from app.domain import drafts, templates
from app.domain.drafts import Draft
from app.domain.people import Actor
from app.errors import DraftIsStale, Forbidden, Invalid, Malformed
from app.schemas.template import Template
from tests.support.looking import change
from tests.support.marks import both_databases
from tests.support.workflows import AUTHOR, LOOPBACK, publish, task, webhook

ADA = Actor("user:ada@example.com", "author", may_add_automation=True)
PLAIN = Actor("user:plain@example.com", "author", may_add_automation=False)


def make(*steps: dict[str, Any]) -> int:
    template = Template.read({"key": "order", "name": "Order", "steps": [*steps]})
    return change(templates.create, template, AUTHOR, allow=LOOPBACK).id


def read(template_id: int) -> Draft:
    return change(drafts.read, template_id)


def save(
    template_id: int,
    *steps: Any,
    actor: Actor = ADA,
    unread: dict[str, str] | None = None,
    revision: int | None = None,
    **more: Any,
) -> Draft:
    before = read(template_id)
    document = before.document | {"steps": [*steps]} | more
    at = before.revision if revision is None else revision
    return change(
        drafts.save, template_id, at, actor, document, unread or {}, LOOPBACK, "example.com"
    )


def stored(template_id: int) -> tuple[Any, Any, str]:
    row = change(templates.find, template_id)
    return row.draft, row.editing, row.name


@both_databases
def test_what_has_faults_is_kept_beside_the_draft_until_it_has_none(app):
    template_id = make(task("pack"))
    before, _, _ = stored(template_id)
    broken = webhook("ship", "pack", config={"url": ""})
    draft = save(template_id, task("pack"), broken, name="Orders")

    assert draft.revision == 2
    assert draft.name == "Orders"
    assert read(template_id).document["steps"][1] == broken
    assert stored(template_id) == (before, {"document": draft.document, "unread": {}}, "Order")

    save(template_id, task("pack"), webhook("ship", "pack"), name="Orders")
    now, editing, name = stored(template_id)
    assert editing is None
    assert name == "Orders"
    assert now["steps"][1]["actionConfig"]["method"] == "POST"  # completed with its defaults
    assert read(template_id).document == now


def test_a_text_that_cannot_be_read_keeps_the_draft_as_it_was(app):
    template_id = make(task("pack"))
    before, _, _ = stored(template_id)
    unread = {"steps.0.actionConfig.body": "{ broken"}
    save(template_id, webhook("ship"), unread=unread)

    assert stored(template_id)[0] == before
    assert read(template_id).unread == unread


def test_what_was_read_before_somebody_else_saved_is_stale(app):
    template_id = make(task("pack"))
    save(template_id, task("pack", "ghost"))
    with pytest.raises(DraftIsStale) as stale:
        save(template_id, task("other"), revision=1)

    assert stale.value.extra == {"draftRevision": 2, "updatedBy": "user:ada@example.com"}
    assert read(template_id).document["steps"][0]["dependsOn"] == ["ghost"]


def test_publishing_is_refused_while_there_are_faults_and_says_each(app):
    template_id = make(task("pack"))
    unread = {"steps.0.actionConfig.body": "{ broken"}
    save(template_id, webhook("ship", "ghost", config={"url": ""}), unread=unread)
    with pytest.raises(Invalid) as refused:
        change(templates.publish, template_id, AUTHOR, allow=LOOPBACK)

    told = {fault.path: fault.message for fault in refused.value.errors}
    assert set(told) == {
        "steps.0.actionConfig.body",
        "steps.0.dependsOn.0",
        "steps.0.actionConfig.url",
    }
    assert "JSON" in told["steps.0.actionConfig.body"]


def test_replacing_the_draft_replaces_what_was_being_written(app):
    template_id = make(task("pack"))
    save(template_id, task("pack", "ghost"))
    template = Template.read({"key": "order", "name": "Order", "steps": [task("other")]})
    change(templates.replace_draft, template_id, template, AUTHOR)

    assert stored(template_id)[1] is None
    assert read(template_id).document["steps"][0]["key"] == "other"
    change(templates.publish, template_id, AUTHOR)


def test_the_key_of_a_template_stays_as_it_is(app):
    template_id = make(task("pack"))
    with pytest.raises(Invalid):
        save(template_id, task("pack"), key="another")


@pytest.mark.parametrize("text", ["a\x00b", "\ud800"])
def test_texts_that_no_database_takes_are_refused(app, text):
    template_id = make(task("pack"))
    with pytest.raises(Malformed):
        save(template_id, task("pack", description=text))
    with pytest.raises(Malformed):
        save(template_id, task("pack"), unread={"steps.0.when": text})


SHIP = webhook("ship", "pack")


@pytest.mark.parametrize(
    "steps",
    [
        [task("pack")],
        [task("pack"), SHIP, webhook("more")],
        [task("pack"), SHIP | {"actionConfig": {"url": ""}}],
        [task("pack"), SHIP | {"actionConfig": None}],
        [task("pack"), SHIP | {"dependsOn": []}],
        [task("pack"), SHIP | {"dependsOn": "pack"}],
        [task("pack"), SHIP | {"when": "nonsense"}],
        [task("pack"), SHIP | {"assignee": ["role:admin"]}],
        [task("pack"), SHIP | {"key": "shop"}],
        [task("pack"), SHIP | {"actionType": "MANUAL_TASK"}],
        [task("pack"), SHIP | {"actionType": ["AUTOMATION_WEBHOOK"]}],
        [task("pack") | {"actionType": "TELEPATHY"}, SHIP],
        [task("pack") | {"actionType": None}, SHIP],
        [task("pack"), SHIP | {"actionConfig": {"url": "http://127.0.0.1:9/evil"}}, SHIP],
        [task("pack"), SHIP, "a step"],
        [task("pack"), SHIP, {}],
    ],
)
def test_who_may_not_add_automation_changes_none_however_half_done_it_is(app, steps):
    template_id = make(task("pack"), SHIP)
    ship = read(template_id).document["steps"][1]
    wanted = [ship if step is SHIP else step for step in steps]
    wanted = [
        ship | step if isinstance(step, dict) and step.get("key") == "ship" else step
        for step in wanted
    ]
    with pytest.raises(Forbidden):
        save(template_id, *wanted, actor=PLAIN)
    save(template_id, *wanted)  # who may, may


@pytest.mark.parametrize("place", ["actionConfig.body", "when", "actionConfig", "key"])
def test_who_may_not_add_automation_leaves_no_texts_in_it_either(app, place):
    template_id = make(task("pack"), SHIP)
    steps = read(template_id).document["steps"]
    with pytest.raises(Forbidden):
        save(template_id, *steps, unread={f"steps.1.{place}": "{"}, actor=PLAIN)
    save(template_id, *steps, unread={f"steps.1.{place}": "{"})
    save(template_id, *reversed(steps), unread={f"steps.0.{place}": "{"}, actor=PLAIN)  # only moved


def test_who_may_not_add_automation_writes_all_the_rest(app):
    template_id = make(task("pack"), SHIP)
    pack, ship = read(template_id).document["steps"]
    ship = ship | {"name": "Send it", "description": "By post.", "dueIn": "soon"}
    draft = save(template_id, pack | {"name": ""}, ship, actor=PLAIN, unread={"steps.0.dueAt": "{"})

    assert draft.updated_by == PLAIN.name


ASK = {
    "key": "ask",
    "name": "Pay it back?",
    "actionType": "APPROVAL",
    "assignee": "group:finance",
    "actionConfig": {"question": "Is the bill right?"},
}
COUNT = task("count", "ask", when={"all": [["steps.ask.output.outcome", "=", "approved"]]})
PAY = webhook("pay", "count")


@pytest.mark.parametrize(
    ("ask", "count"),
    [
        ({"actionType": "MANUAL_TASK", "actionConfig": {}}, {}),
        ({"assignee": "starter"}, {}),
        ({"actionConfig": {"question": "Is it Friday?"}}, {}),
        ({"when": {"all": [["input.x", "=", 1]]}}, {}),
        (None, {}),
        ({"dependsOn": ["never"]}, {}),
        ({}, {"dependsOn": []}),
        ({}, {"dependsOn": ["ask", "more"]}),
        ({}, {"when": None}),
        ({}, {"key": ["count"]}),
        ({}, None),
    ],
    ids=[
        *("an approval as a task", "by somebody else", "another question", "not always asked"),
        *("removed", "after a step that is never done", "no longer before it"),
        "or another step before it",
        *("whatever was answered", "a key that is none", "the step between removed"),
    ],
)
def test_what_automation_waits_for_stays(app, ask, count):
    template_id = make(ASK, COUNT, PAY)
    *before, pay = read(template_id).document["steps"]
    changes = zip(before, (ask, count), strict=True)
    steps = [step | change for step, change in changes if change is not None]

    with pytest.raises(Forbidden, match="what automation waits for"):
        save(template_id, *steps, pay, actor=PLAIN)
    save(template_id, *steps, pay, actor=ADA)


def test_the_rest_of_what_automation_waits_for_may_be_changed(app):
    template_id = make(ASK, COUNT, PAY)
    ask, count, pay = read(template_id).document["steps"]
    ask |= {"name": "Pay?", "description": "Look at the bill.", "dueIn": "PT4H"}
    count |= {"name": "Count it", "assignee": "starter", "actionConfig": {"instructions": "All."}}
    more = task("tell", "pay"), ask | {"key": "ask-twice"}  # which automation does not wait for
    save(template_id, ask, count, *more, pay, actor=PLAIN)


@pytest.mark.parametrize(
    "policy",
    [
        {"channel": "EMAIL", "recipients": ["ops@elsewhere.example"]},
        {"channel": "EMAIL", "recipients": "ops@elsewhere.example"},
        {"channel": ["EMAIL"], "recipients": ["ops@elsewhere.example"]},
        {"recipients": ["http://evil.example"]},
        {"channel": "EMAIL", "fallback": {"channel": "SMS", "recipients": ["+491701234567"]}},
        {"channel": "EMAIL", "escalate": [{"to": ["ops@elsewhere.example"]}]},
        {"channel": "EMAIL", "escalate": [3, {"to": "ops@elsewhere.example"}]},
        {"channel": "IN_APP", "recipients": ["{{ input.whom }}"], "fallback": "WEBHOOK"},
        {"channel": "IN_APP", "signingSecret": "KEY"},
    ],
)
def test_who_may_not_add_automation_names_nobody_outside_however_half_done_it_is(app, policy):
    template_id = make(task("pack"))
    with pytest.raises(Forbidden):
        save(template_id, task("pack", notificationPolicies=["nonsense", policy]), actor=PLAIN)
    with pytest.raises(Forbidden):
        save(template_id, task("pack"), notificationPolicies=[policy], actor=PLAIN)


@pytest.mark.parametrize("nonsense", [3, "x", None, [None, 3, ["x"]], {"a": 1}])
def test_nonsense_in_a_document_is_kept_and_never_a_fault_of_ours(app, nonsense):
    template_id = make(task("pack"))
    for name in ("dependsOn", "notificationPolicies", "when", "actionConfig", "name", "assignee"):
        save(template_id, task("pack") | {name: nonsense}, actor=PLAIN)
    save(template_id, task("pack"), notificationPolicies=nonsense, inputSchema=nonsense)
    if nonsense is not None:
        assert read(template_id).document["inputSchema"] == nonsense


def test_what_python_calls_equal_is_saved_all_the_same(app):
    template = publish(webhook("a", config={"body": {"x": 1, "y": 2}}))
    changed = webhook("a", config={"body": {"y": 2.5, "x": True}})
    for body in ({"x": True, "y": 2}, {"y": 2, "x": True}):
        document = {"key": "order", "name": "Order", "steps": [changed]}
        document["steps"][0]["actionConfig"]["body"] = body
        with transaction.writing() as session:
            templates.replace_draft(
                session, template, Template.read(document), AUTHOR, allow=LOOPBACK
            )
        with transaction.reading() as session:
            kept = templates.find(session, template).draft["steps"][0]["actionConfig"]["body"]
        assert json.dumps(kept) == json.dumps(body)
