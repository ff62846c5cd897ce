"""Writing, checking, publishing and archiving templates."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from app.domain import templates
from app.domain.graph import sorted_by_dependency
from app.errors import Conflict, DraftIsStale, Invalid, NotFound, NotPublished
from app.models import WorkflowTemplate, WorkflowTemplateVersion
from app.schemas.template import Template
from tests.support.looking import change, do, instance_of, look
from tests.support.marks import both_databases
from tests.support.workflows import AUTHOR, LOOPBACK, begin, publish, task, webhook


def document(*steps: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"key": "order", "name": "Order", "steps": list(steps)} | more


def create(*steps: dict[str, Any], **more: Any) -> int:
    template = Template.read(document(*steps, **more))
    return change(templates.create, template, AUTHOR, allow=LOOPBACK).id


def replace(template_id: int, *steps: dict[str, Any], revision: int | None = None) -> None:
    change(
        templates.replace_draft,
        template_id,
        Template.read(document(*steps)),
        AUTHOR,
        revision=revision,
        allow=LOOPBACK,
    )


def faults(*steps: dict[str, Any], **more: Any) -> dict[str, str]:
    """The faults of such a template, by path."""
    with pytest.raises(Invalid) as invalid:
        templates.checked_document(Template.read(document(*steps, **more)), LOOPBACK)
    return {fault.path: fault.message for fault in invalid.value.errors}


def test_only_key_name_and_action_type_are_required_of_a_step():
    step = templates.checked_document(
        Template.read(document({"key": "a", "name": "A", "actionType": "MANUAL_TASK"}))
    )["steps"][0]

    assert step["dependsOn"] == step["notificationPolicies"] == []
    assert step["when"] is step["assignee"] is step["dueIn"] is None
    assert step["actionConfig"] == {"instructions": ""}


def test_a_stored_config_has_all_defaults():
    stored = templates.checked_document(Template.read(document(webhook("a"))), LOOPBACK)
    config = stored["steps"][0]["actionConfig"]

    assert (config["method"], config["timeoutSeconds"]) == ("POST", 20)
    assert config["retry"]["maxAttempts"] == 10
    assert templates.checked_document(Template.read(stored), LOOPBACK) == stored


def test_a_circle_is_refused_at_each_of_its_steps():
    found = faults(task("a", "c"), task("b", "a"), task("c", "b"), task("d"))

    assert set(found) == {"steps.0.dependsOn", "steps.1.dependsOn", "steps.2.dependsOn"}
    assert "circle" in found["steps.0.dependsOn"]


def test_a_step_that_waits_for_itself_is_refused():
    assert set(faults(task("a", "a"))) == {"steps.0.dependsOn"}


def test_an_unknown_step_is_refused_by_name():
    assert faults(task("a"), task("b", "a", "ghost")) == {
        "steps.1.dependsOn.1": "There is no step with the key 'ghost'."
    }


def test_a_step_named_twice_is_refused():
    assert faults(task("a"), task("b", "a", "a")) == {"steps.1.dependsOn": "A step is named twice."}


def test_two_steps_with_one_key_are_refused():
    assert faults(task("a"), task("a")) == {"steps.1.key": "Two steps have the key 'a'."}


@pytest.mark.parametrize(
    ("config", "path"),
    [
        ({"url": ""}, "url"),
        ({"url": "ftp://x.example"}, "url"),
        ({"url": "https:///x"}, "url"),
        ({"url": "https://user:pw@x.example/"}, "url"),
        ({"url": "https://x.example", "method": "TRACE"}, "method"),
        ({"url": "https://x.example", "methd": "POST"}, "methd"),
        ({"url": "https://x.example", "headers": {"Bad name": "x"}}, "headers"),
        ({"url": "https://x.example", "headers": {"Host": "x"}}, "headers"),
        ({"url": "https://x.example", "headers": {"X-A": "a\r\nB: c"}}, "headers"),
        ({"url": "https://x.example", "timeoutSeconds": 0}, "timeoutSeconds"),
        ({"url": "https://x.example", "timeoutSeconds": 21}, "timeoutSeconds"),
        ({"url": "https://x.example", "delay": "15 minutes"}, "delay"),
        ({"url": "https://x.example", "runAt": "2026-01-31T09:00:00"}, "runAt"),
        ({"url": "https://x.example", "retry": {"maxAttempts": 0}}, "retry.maxAttempts"),
    ],
)
def test_a_faulty_config_is_refused_at_its_place(config, path):
    found = faults(task("a"), webhook("b") | {"actionConfig": config})
    assert set(found) == {f"steps.1.actionConfig.{path}"}


def test_all_faults_of_all_steps_are_told_at_once():
    found = faults(
        webhook("a", "ghost", config={"url": "x"}),
        webhook("b", config={"method": "NO"}),
        inputSchema={"type": "object", "properties": 3},
    )
    assert set(found) == {
        "steps.0.dependsOn.0",
        "inputSchema.properties",
        "steps.0.actionConfig.url",
        "steps.1.actionConfig.method",
    }


@pytest.mark.parametrize(
    ("more", "path"),
    [
        ({"key": "Order"}, "key"),
        ({"key": ""}, "key"),
        ({"name": ""}, "name"),
        ({"stepz": []}, "stepz"),
        ({"inputSchema": {"type": "array"}}, "inputSchema"),
        ({"steps": [{"key": "a", "name": "A", "actionType": "TELEPATHY"}]}, "steps.0.actionType"),
        ({"steps": [task("a", when={"all": []})]}, "steps.0.when"),
        ({"steps": [task("a", dueIn="soon")]}, "steps.0.dueIn"),
    ],
)
def test_what_is_no_template_is_refused_at_its_place(more, path):
    with pytest.raises(Invalid) as invalid:
        Template.read(document(**more))
    assert [fault.path for fault in invalid.value.errors] == [path]


@pytest.mark.parametrize("schema", [{"$ref": "http://evil.example/"}, {"allOf": [{"$ref": "#"}]}])
def test_an_input_schema_refers_to_nothing(schema):
    (path,) = faults(task("a"), inputSchema=schema)
    assert path.endswith("$ref")


@both_databases
def test_a_key_is_taken_once(app):
    create(task("a"))
    with pytest.raises(Conflict):
        create(task("a"))
    assert len(look(lambda session: session.scalars(select(WorkflowTemplate)).all())) == 1


def test_a_draft_that_somebody_else_changed_is_not_overwritten(app):
    template_id = create(task("a"))
    replace(template_id, task("b"), revision=1)
    with pytest.raises(DraftIsStale) as stale:
        replace(template_id, task("c"), revision=1)

    assert stale.value.extra["draftRevision"] == 2
    draft = look(lambda session: templates.find(session, template_id)).draft
    assert [step["key"] for step in draft["steps"]] == ["b"]


def test_the_key_of_a_template_can_not_change(app):
    template_id = create(task("a"))
    with pytest.raises(Invalid) as invalid:
        change(
            templates.replace_draft,
            template_id,
            Template.read(document(task("a"), key="other")),
            AUTHOR,
        )
    assert invalid.value.errors[0].path == "key"


@both_databases
def test_a_version_never_changes_and_an_instance_stays_on_its_own(app):
    template_id = publish(task("a"), task("b", "a"))
    old = begin()
    replace(template_id, task("x"), task("y", "x"))
    change(templates.publish, template_id, AUTHOR, "Letters from the end")
    new = begin()

    assert [step.key for step in instance_of(old).steps] == ["a", "b"]
    assert [step.key for step in instance_of(new).steps] == ["x", "y"]
    assert (instance_of(old).version, instance_of(new).version) == (1, 2)
    do(old, "complete", "a")
    do(old, "complete", "b")
    assert instance_of(old).state == "COMPLETED"


def test_a_draft_is_not_run_before_it_is_published(app):
    template_id = publish(task("a"))
    replace(template_id, task("b"))

    assert [step.key for step in instance_of(begin()).steps] == ["a"]


@both_databases
def test_versions_are_numbered(app):
    template_id = publish(task("a"))
    for _ in range(2):
        change(templates.publish, template_id, AUTHOR)

    numbers = look(
        lambda session: session.scalars(
            select(WorkflowTemplateVersion.number).order_by(WorkflowTemplateVersion.id)
        ).all()
    )
    assert numbers == [1, 2, 3]
    assert look(lambda session: templates.find(session, template_id)).newest_version == 3


def test_a_template_without_steps_can_be_drafted_but_not_published(app):
    template_id = create()
    with pytest.raises(Invalid) as invalid:
        change(templates.publish, template_id, AUTHOR)

    assert invalid.value.errors[0].path == "steps"
    with pytest.raises(NotPublished):
        begin()


def test_an_archived_template_starts_no_more_but_what_runs_goes_on(app):
    template_id = publish(task("a"))
    instance_id = begin()
    change(templates.archive, template_id, AUTHOR)
    change(templates.archive, template_id, AUTHOR)

    with pytest.raises(NotFound):
        begin()
    do(instance_id, "complete", "a")
    assert instance_of(instance_id).state == "COMPLETED"


@pytest.mark.parametrize("verb", [templates.publish, templates.archive])
def test_what_does_not_exist_is_not_found(app, verb):
    with pytest.raises(NotFound):
        change(verb, 404, AUTHOR)


@st.composite
def dependencies(draw: st.DrawFn) -> dict[str, list[str]]:
    keys = [f"s{n}" for n in range(draw(st.integers(1, 8)))]
    return {key: draw(st.lists(st.sampled_from(keys), unique=True, max_size=3)) for key in keys}


@given(depends_on=dependencies())
def test_in_order_each_step_comes_after_what_it_waits_for_and_circles_are_left_out(depends_on):
    order = sorted_by_dependency(depends_on)

    assert len(order) == len(set(order))
    for at, key in enumerate(order):
        assert set(depends_on[key]) <= set(order[:at])
    for key in depends_on.keys() - set(order):  # each of these waits for another that is left out
        assert set(depends_on[key]) - set(order)
