"""What differs between two templates: all of it, and each place once."""

from collections.abc import Sequence
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.template_diff import TemplateDiff, compare
from app.domain.value_diff import ABSENT, LONGEST_LIST, Change, _canonical, differences, equal
from tests.support.workflows import task, webhook

NAMES = st.sampled_from(["a", "b", "c", "properties", "when", "x.y"])
LEAVES = st.none() | st.booleans() | st.integers(0, 2) | st.floats(0, 2) | st.text("ab", max_size=2)
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4)
)
KEYS = ["reserve", "charge", "pack", "ship", "tell"]


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    """Templates that resemble each other; dependencies may be half done."""
    keys = draw(st.lists(st.sampled_from(KEYS), unique=True, max_size=5))
    return {
        "key": "order",
        "name": draw(st.sampled_from(["Order", "Orders"])),
        "inputSchema": draw(VALUES),
        "steps": [
            {
                "key": key,
                "name": draw(st.sampled_from(["One", "Two", key])),
                "actionType": draw(st.sampled_from(["MANUAL_TASK", "AUTOMATION_WEBHOOK"])),
                "dependsOn": draw(st.lists(st.sampled_from(KEYS), unique=True, max_size=3)),
                "when": draw(LEAVES),
                "actionConfig": draw(st.dictionaries(NAMES, VALUES, max_size=3)),
            }
            for key in keys
        ],
    }


def patched(before: Any, changes: Sequence[Change]) -> Any:
    """What the changes make of a value, read as their words say: what is gone is taken out by its
    number before, what is new and what is different is put in by its number afterwards."""
    whole = [deepcopy(before)]
    for depth in sorted({len(change.place) for change in changes}):
        here = [change for change in changes if len(change.place) == depth]
        gone = [change for change in here if change.after is ABSENT]
        for change in sorted(gone, key=lambda change: str(change.place), reverse=True):
            del holder(whole, change)[last(change)]
        new = [change for change in here if change.before is ABSENT]
        for change in new:
            into = holder(whole, change)
            if isinstance(into, list):
                into.insert(last(change), change.after)
            else:
                into[last(change)] = change.after
        for change in here:
            if not change.reordered and ABSENT not in (change.before, change.after):
                holder(whole, change)[last(change)] = change.after
    for change in (change for change in changes if change.reordered):
        put_in_order(holder(whole, change)[last(change)], change.after)
    return whole[0]


def holder(whole: list[Any], change: Change) -> Any:
    found: Any = whole
    for part in (0, *change.place)[:-1]:
        found = found[part]
    return found


def last(change: Change) -> Any:
    return (0, *change.place)[-1]


def put_in_order(fields: dict[str, Any], names: Sequence[str]) -> None:
    """The names as given, in the places that they have among the others."""
    turns = iter(names)
    order = [next(turns) if name in names else name for name in fields]
    values = dict(fields)
    fields.clear()
    fields.update({name: values[name] for name in order})


def unordered(value: Any) -> Any:
    """A value in which the order of fields counts for nothing."""
    if isinstance(value, dict):
        return {name: unordered(value[name]) for name in sorted(value)}
    return [unordered(each) for each in value] if isinstance(value, list) else value


@given(VALUES, VALUES)
def test_two_values_are_equal_if_and_only_if_their_texts_are(before, after):
    assert equal(before, after) == (_canonical(before) == _canonical(after))
    assert equal(before, deepcopy(before))


@given(documents(), documents())
def test_two_templates_are_equal_if_and_only_if_nothing_differs(before, after):
    assert equal(before, after) == compare(before, after).empty


@given(VALUES, VALUES)
def test_reading_the_changes_gives_the_other_value(before, after):
    changes = list(differences(before, after))
    assert equal(unordered(patched(before, changes)), unordered(after))
    assert (not changes) == equal(before, after)


@given(VALUES, VALUES)
def test_every_change_is_needed_so_none_is_named_twice(before, after):
    changes = [change for change in differences(before, after) if not change.reordered]
    for at in range(len(changes)):
        others = [*changes[:at], *changes[at + 1 :]]
        try:
            read = patched(before, others)
        except (IndexError, KeyError, TypeError):
            continue  # without it the rest has no meaning
        assert not equal(unordered(read), unordered(after))


@given(documents(), documents())
def test_reading_the_difference_gives_the_other_template(before, after):
    found = compare(before, after)
    assert equal(unordered(read_back(before, found)), unordered(sorted_edges(after)))
    assert found.empty == equal(before, after)


def read_back(before: dict[str, Any], found: TemplateDiff) -> dict[str, Any]:
    whole = {name: value for name, value in before.items() if name != "steps"}
    renames = {one.before["key"]: one.key for one in found.steps if one.before and one.renamed}
    steps = []
    for one in found.steps:
        if one.before is None:
            steps.append(dict(one.step))
        elif one.after is not None:
            step = patched(dict(one.before), one.fields)
            if not any(change.path == "dependsOn" for change in one.fields):
                edges = {renames.get(key, key) for key in step["dependsOn"]}
                edges -= {edge.source for edge in one.dependencies if not edge.added}
                step["dependsOn"] = [
                    *edges,
                    *(edge.source for edge in one.dependencies if edge.added),
                ]
            steps.append(step)
    return sorted_edges(patched(whole, found.fields) | {"steps": steps})


def sorted_edges(document: dict[str, Any]) -> dict[str, Any]:
    steps = [step | {"dependsOn": sorted(step["dependsOn"])} for step in document["steps"]]
    return document | {"steps": steps}


@given(documents(), documents())
def test_every_step_stands_in_it_once_and_those_not_moved_keep_their_order(before, after):
    found = compare(before, after)
    assert [one.after for one in found.steps if one.after is not None] == after["steps"]
    then = [one.before for one in found.steps if one.before is not None]
    assert sorted(map(str, then)) == sorted(map(str, before["steps"]))
    stayed = [one.before for one in found.steps if one.before and one.after and not one.moved]
    places = [before["steps"].index(step) for step in stayed]
    assert places == sorted(places)


@given(documents(), documents())
def test_there_and_back_are_the_same_but_for_their_direction(before, after):
    there, back = compare(before, after), compare(after, before)
    assert len(there.marked("added")) == len(back.marked("removed"))
    assert len(there.marked("renamed")) == len(back.marked("renamed"))
    assert len(there.marked("moved")) == len(back.marked("moved"))


def marks(before: list[dict[str, Any]], after: list[dict[str, Any]]) -> dict[str, Any]:
    found = compare({"steps": before}, {"steps": after})
    return {one.key: one.marks for one in found.steps if one.marks}


def test_a_step_that_goes_elsewhere_is_the_only_one_that_moved():
    steps = [task("a"), task("b"), task("c"), task("d")]
    assert marks(steps, [*steps[1:], steps[0]]) == {"a": ("moved",)}
    assert marks(steps, [steps[3], *steps[:3]]) == {"d": ("moved",)}


def test_a_new_step_in_between_moves_nothing():
    assert marks([task("a"), task("b")], [task("a"), task("x"), task("b")]) == {"x": ("added",)}


def test_another_key_with_the_same_name_is_the_same_step():
    before = [webhook("charge"), task("pack", "charge")]
    after = [webhook("charge") | {"key": "pay"}, task("pack", "pay")]
    found = compare({"steps": before}, {"steps": after})
    assert [one.marks for one in found.steps] == [("renamed",), ()]
    assert found.steps[0].fields == (Change(("key",), "charge", "pay"),)


def test_another_key_and_name_with_the_same_url_is_the_same_step():
    after = webhook("charge") | {"key": "pay", "name": "Take the money"}
    assert marks([webhook("charge")], [after]) == {"pay": ("renamed", "changed")}


def test_two_tasks_of_which_nothing_was_said_are_two_tasks():
    assert marks([task("pack")], [task("call")]) == {"pack": ("removed",), "call": ("added",)}


def test_where_two_steps_would_do_neither_is_the_renamed_one():
    twins = [webhook("a", name="Send"), webhook("b", name="Send")]
    assert set(marks([webhook("c", name="Send")], twins).values()) == {("added",), ("removed",)}


def test_who_waits_for_whom_is_told_apart_from_the_fields():
    before = [task("a"), task("b"), task("c", "a")]
    after = [task("a"), task("b"), task("c", "b")]
    (one,) = compare({"steps": before}, {"steps": after}).marked("changed")
    assert [(edge.source, edge.added) for edge in one.dependencies] == [("b", True), ("a", False)]
    assert one.fields == ()


def test_the_order_in_which_prerequisites_are_named_is_a_change_of_a_field():
    before, after = task("c", "a", "b"), task("c", "b", "a")
    (one,) = compare({"steps": [before]}, {"steps": [after]}).marked("changed")
    assert [change.path for change in one.fields] == ["dependsOn"]


@pytest.mark.parametrize(
    ("before", "after", "named"),
    [
        (["a"], ["b", "a"], [("to.0", ABSENT, "b")]),
        (["a", "b"], ["b"], [("to.0", "a", ABSENT)]),
        (["a", "b"], ["a", "c"], [("to.1", "b", "c")]),
        ([{"a": 1, "b": 2}], [{"a": 1, "b": 3}], [("to.0.b", 2, 3)]),
    ],
)
def test_a_list_names_what_came_went_or_changed(before, after, named):
    found = differences({"to": before}, {"to": after})
    assert [(change.path, change.before, change.after) for change in found] == named


def test_a_very_long_list_is_one_change():
    before = list(range(LONGEST_LIST + 1))
    assert len(list(differences(before, [*before, 1, 2]))) == 1


def test_a_condition_is_read_as_one_thing():
    before, after = ({"when": {"all": [["input.total", ">", n]]}} for n in (0, 5))
    assert [change.path for change in differences(before, after)] == ["when"]


def test_the_order_of_the_fields_of_a_form_counts_and_of_a_body_does_not():
    one, other = {"a": 1, "b": 2}, {"b": 2, "a": 1}
    assert list(differences({"body": one}, {"body": other})) == []
    (change,) = differences({"properties": one}, {"properties": other})
    assert change == Change(("properties",), ["a", "b"], ["b", "a"], reordered=True)


@pytest.mark.parametrize(("before", "after"), [(1, True), (1, 1.0), (0, False), (None, ABSENT)])
def test_values_that_python_takes_for_equal_or_nearly_are_told_apart(before, after):
    assert not equal(before, after)


@pytest.mark.parametrize(
    "steps",
    [
        "not a list",
        [None, 3],
        [{}, {}],
        [{"key": "a"}, {"key": "a", "name": "Again"}],
        [{"key": "a", "dependsOn": "b"}],
        [{"key": "a", "dependsOn": [1], "actionConfig": "{", "actionType": "NO_SUCH"}],
        [{"key": 7, "name": ["x"], "actionType": "MANUAL_TASK"}],
    ],
)
def test_a_half_done_draft_can_be_compared(steps):
    whole = {"steps": [task("a")]}
    assert not compare(whole, {"steps": steps}).empty
    assert not compare({"steps": steps}, whole).empty
    assert compare({"steps": steps}, {"steps": deepcopy(steps)}).empty
