"""Starting instances."""

from typing import Any

import pytest
from sqlalchemy import func, select

from app.domain import instances, templates
from app.errors import Invalid, NotFound, NotPublished
from app.models import Event, WorkflowInstance
from app.schemas.instance import BulkIn, InstanceIn
from app.schemas.template import Template
from tests.support.looking import change, events_of, instance_of, jobs, look, states
from tests.support.marks import both_databases
from tests.support.workflows import AUTHOR, OPERATOR, begin, publish, task, webhook

SCHEMA = {
    "type": "object",
    "required": ["orderId"],
    "properties": {
        "orderId": {"type": "string", "minLength": 1},
        "total": {"type": "number", "default": 0},
        "ship": {
            "type": "object",
            "properties": {"country": {"type": "string", "default": "DE"}},
        },
    },
}


def start(**wish: Any) -> int:
    return change(instances.start, InstanceIn.read(wish), OPERATOR)


def start_many(*wishes: dict[str, Any]) -> list[int]:
    items = BulkIn.read({"items": list(wishes)}).items
    return change(instances.start_many, items, OPERATOR)


def count(model: Any) -> int:
    return look(lambda session: session.scalar(select(func.count()).select_from(model)) or 0)


def faults(**input: Any) -> dict[str, str]:
    with pytest.raises(Invalid) as invalid:
        start(templateKey="order", input=input)
    found = {fault.path: fault.message for fault in invalid.value.errors}
    assert len(found) == len(invalid.value.errors), "a fault is told twice"
    return found


@both_databases
def test_an_instance_knows_who_started_it_from_what(app):
    template_id = publish(task("a"), webhook("b"))
    instance_id = start(templateId=template_id, title="Order 1042", input={"x": 1})

    instance = instance_of(instance_id)
    assert (instance.title, instance.input) == ("Order 1042", {"x": 1})
    assert (instance.template_key, instance.version) == ("order", 1)
    assert (instance.started_by, instance.state) == (OPERATOR, "RUNNING")
    first = events_of(instance_id)[0]
    assert (first.kind, first.actor, first.data) == ("instance.started", OPERATOR, {"version": 1})


def test_without_a_title_it_has_the_templates_name(app):
    publish(task("a"))
    assert instance_of(start(templateKey="order")).title == "Order"


def test_defaults_of_the_input_schema_are_filled_in_nested_ones_too(app):
    publish(task("a"), inputSchema=SCHEMA)
    instance_id = start(templateKey="order", input={"orderId": "7", "ship": {}})

    assert instance_of(instance_id).input == {
        "orderId": "7",
        "total": 0,
        "ship": {"country": "DE"},
    }


def test_conditions_see_the_defaults(app):
    publish(task("a", when={"all": [["input.total", "=", 0]]}), inputSchema=SCHEMA)
    assert states(start(templateKey="order", input={"orderId": "7"}))["a"] == "READY"


def test_a_default_of_a_version_is_not_shared_between_instances(app):
    tags = {"properties": {"tags": {"type": "array", "default": []}}}
    publish(task("a"), inputSchema=tags)
    first = start(templateKey="order")
    second = start(templateKey="order")

    assert instance_of(first).input == instance_of(second).input == {"tags": []}


def test_input_that_does_not_fit_is_refused_with_paths_and_nothing_is_started(app):
    publish(task("a"), inputSchema=SCHEMA)

    assert faults() == {"input.orderId": "This is required."}
    assert set(faults(orderId=7, total="much")) == {"input.orderId", "input.total"}
    assert set(faults(orderId="7", ship={"country": 3})) == {"input.ship.country"}
    assert count(WorkflowInstance) == count(Event) == 0


def test_each_missing_field_is_named(app):
    both = {"required": ["a", "b"], "properties": {"a": {}, "b": {}}}
    publish(task("a"), inputSchema=both)

    assert faults() == {"input.a": "This is required.", "input.b": "This is required."}


def test_an_instance_starts_on_the_version_that_is_asked_for(app):
    template_id = publish(task("a"))
    change(
        templates.replace_draft,
        template_id,
        Template.read({"key": "order", "name": "Order", "steps": [task("b")]}),
        AUTHOR,
    )
    change(templates.publish, template_id, AUTHOR)

    assert list(states(start(templateKey="order", version=1))) == ["a"]
    assert list(states(start(templateKey="order", version=2))) == ["b"]
    assert list(states(start(templateKey="order"))) == ["b"]
    with pytest.raises(NotFound, match="no version 3"):
        start(templateKey="order", version=3)


def test_what_does_not_exist_or_is_not_published_can_not_start(app):
    with pytest.raises(NotFound):
        start(templateKey="order")
    with pytest.raises(NotFound):
        start(templateId=404)
    change(
        templates.create,
        Template.read({"key": "order", "name": "Order", "steps": [task("a")]}),
        AUTHOR,
    )
    with pytest.raises(NotPublished):
        start(templateKey="order")


@pytest.mark.parametrize(
    "wish",
    [
        {},
        {"templateKey": "order", "templateId": 1},
        {"templateKey": "order", "input": []},
        {"templateKey": "order", "title": "x" * 501},
        {"templateId": 0},
        {"templateKey": "order", "inputs": {}},
    ],
)
def test_what_is_no_wish_for_an_instance_is_refused(wish):
    with pytest.raises(Invalid):
        InstanceIn.read(wish)


@both_databases
def test_many_start_in_order(app):
    publish(webhook("a"), task("b", "a"))
    publish(task("c"), key="other")
    ids = start_many(
        *({"templateKey": "order", "title": f"Order {n}"} for n in range(20)),
        {"templateKey": "other"},
    )

    assert ids == sorted(ids)
    assert [instance_of(one).title for one in ids[:3]] == ["Order 0", "Order 1", "Order 2"]
    assert states(ids[-1]) == {"c": "READY"}
    assert len(jobs()) == 20
    assert all(instance_of(one).event_seq == len(events_of(one)) for one in ids)


@both_databases
def test_many_start_all_or_none_with_the_paths_of_all_faults(app):
    publish(task("a"), inputSchema=SCHEMA)
    good = {"templateKey": "order", "input": {"orderId": "1"}}
    with pytest.raises(Invalid) as invalid:
        start_many(
            good,
            {"templateKey": "order"},
            good,
            {"templateKey": "order", "input": {"orderId": "1", "total": "much"}},
        )

    paths = [fault.path for fault in invalid.value.errors]
    assert paths == ["items.1.input.orderId", "items.3.input.total"]
    assert count(WorkflowInstance) == count(Event) == 0


def test_many_start_none_if_one_template_is_unknown(app):
    publish(task("a"))
    with pytest.raises(NotFound):
        start_many({"templateKey": "order"}, {"templateKey": "ghost"})
    assert count(WorkflowInstance) == 0


def test_more_than_a_thousand_at_once_are_refused():
    with pytest.raises(Invalid):
        BulkIn.read({"items": [{"templateKey": "order"}] * 1001})
    with pytest.raises(Invalid):
        BulkIn.read({"items": []})


def test_an_instance_all_of_whose_steps_are_skipped_completes_at_once(app):
    publish(task("a", when={"all": [["input.go", "exists"]]}), task("b", "a"))
    instance_id = begin()

    instance = instance_of(instance_id)
    assert (instance.state, instance.ended_at is not None) == ("COMPLETED", True)
