"""What authors do to the steps of a draft."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain import draft_changes as changes
from app.domain.draft_changes import Writing
from app.errors import Invalid, NotFound
from app.schemas.actions import ACTION_TYPES
from app.schemas.template import KEY_PATTERN
from tests.support.workflows import task, webhook

KEYS = [f"s{n}" for n in range(6)]


def written(*steps: dict[str, Any], unread: dict[str, str] | None = None, **more: Any) -> Writing:
    document = {"key": "order", "name": "Order", "steps": [*steps]} | more
    return Writing(document, unread or {}, [])


def keys(writing: Writing) -> list[str]:
    return [step["key"] for step in writing.document["steps"]]


def step(writing: Writing, key: str) -> dict[str, Any]:
    return changes.part_of(writing, key).step


@st.composite
def writings(draw: st.DrawFn) -> Writing:
    """A few steps that name each other in every place where steps are named, circles included."""
    names = draw(st.lists(st.sampled_from(KEYS), min_size=1, max_size=6, unique=True))
    some = st.sampled_from(names)
    text = some.map("before {{{{ steps.{0}.output.x }}}} after".format)
    steps = [
        {
            "key": key,
            "name": "Some step",
            "actionType": draw(st.sampled_from([*ACTION_TYPES])),
            "dependsOn": draw(st.lists(some, unique=True, max_size=4)),
            "when": draw(
                st.none() | some.map(lambda key: {"all": [[f"steps.{key}.output.y", "=", 1]]})
            ),
            "actionConfig": {"body": {"a": [draw(text)]}, "url": draw(text)},
            "notificationPolicies": [{"channel": "EMAIL", "recipients": [draw(text)]}],
        }
        for key in names
    ]
    places = [f"steps.{at}.actionConfig.body" for at in range(len(names))]
    unread = draw(st.dictionaries(st.sampled_from(["inputSchema", *places]), text, max_size=3))
    return written(*steps, unread=unread)


@given(writing=writings(), data=st.data())
def test_what_is_removed_can_be_put_back_as_if_nothing_had_been(writing, data):
    gone = data.draw(st.permutations(keys(writing)))[: data.draw(st.integers(1, 4))]
    after = writing
    for key in gone:
        after = changes.remove(after, key)
        assert key not in keys(after)
        assert all(key not in changes.depends_on(each) for each in after.document["steps"])
    for _ in gone:
        after = changes.put_back(after, 0)

    assert after == writing


@given(writing=writings(), data=st.data())
def test_a_key_that_is_renamed_and_renamed_back_leaves_all_as_it_was(writing, data):
    key = data.draw(st.sampled_from(keys(writing)))
    renamed = changes.rename(writing, key, "other-key")

    assert not re.search(rf"\b{key}\b", str(renamed.document["steps"]))
    assert changes.rename(renamed, "other-key", key) == writing


@given(writing=writings(), data=st.data())
def test_whatever_is_done_keys_stay_unique_and_well_formed(writing, data):
    for _ in range(data.draw(st.integers(1, 12))):
        writing = data.draw(st.sampled_from([add, duplicate, remove, put_back, rename, move]))(
            writing, data
        )
        found = keys(writing)
        assert len(found) == len(set(found))
        assert all(re.fullmatch(KEY_PATTERN, key) for key in found)
        assert len(writing.removed) <= changes.KEPT


def some_key(writing: Writing, data: st.DataObject) -> str | None:
    return data.draw(st.sampled_from(keys(writing))) if keys(writing) else None


def add(writing: Writing, data: st.DataObject) -> Writing:
    name = data.draw(st.text(max_size=120) | st.sampled_from(KEYS))
    after = some_key(writing, data)
    more = changes.add(writing, "APPROVAL", name, after)
    assert changes.added(writing, more) in keys(more)
    return more


def duplicate(writing: Writing, data: st.DataObject) -> Writing:
    key = some_key(writing, data)
    return changes.duplicate(writing, key) if key else writing


def remove(writing: Writing, data: st.DataObject) -> Writing:
    key = some_key(writing, data)
    return changes.remove(writing, key) if key else writing


def put_back(writing: Writing, data: st.DataObject) -> Writing:
    if not writing.removed:
        return writing
    return changes.put_back(writing, data.draw(st.integers(0, len(writing.removed) - 1)))


def rename(writing: Writing, data: st.DataObject) -> Writing:
    key = some_key(writing, data)
    try:
        return (
            changes.rename(writing, key, data.draw(st.text(max_size=4) | st.sampled_from(KEYS)))
            if key
            else writing
        )
    except Invalid:
        return writing


def move(writing: Writing, data: st.DataObject) -> Writing:
    key = some_key(writing, data)
    return changes.move(writing, key, data.draw(st.integers(-3, 9))) if key else writing


@given(writing=writings(), data=st.data())
def test_a_step_that_is_moved_takes_its_texts_along_and_others_keep_their_order(writing, data):
    key = data.draw(st.sampled_from(keys(writing)))
    to = data.draw(st.integers(0, len(keys(writing)) - 1))
    moved = changes.move(writing, key, to)

    assert changes.place_of(moved, key) == to
    assert [each for each in keys(moved) if each != key] == [
        each for each in keys(writing) if each != key
    ]
    for each in keys(writing):
        assert changes.part_of(moved, each) == changes.part_of(writing, each)
    assert changes.move(moved, key, changes.place_of(writing, key)) == writing


def test_a_new_step_stands_behind_the_chosen_one_and_waits_for_it():
    after = changes.add(written(task("pack"), task("ship")), "APPROVAL", "Ask the boss", "pack")

    assert keys(after) == ["pack", "ask-the-boss", "ship"]
    assert step(after, "ask-the-boss")["dependsOn"] == ["pack"]
    assert step(after, "ask-the-boss")["actionType"] == "APPROVAL"


def test_a_new_step_is_named_after_its_kind_and_counted():
    twice = changes.add(changes.add(written(), "AUTOMATION_WEBHOOK"), "AUTOMATION_WEBHOOK")

    assert keys(twice) == ["webhook", "webhook-2"]
    assert [each["dependsOn"] for each in twice.document["steps"]] == [[], []]


def test_a_step_of_a_kind_that_does_not_exist_is_refused():
    with pytest.raises(Invalid):
        changes.add(written(), "TELEPATHY")


def test_there_is_an_end_to_the_steps_of_a_template():
    full = written(*(task(f"s{n}") for n in range(500)))
    with pytest.raises(Invalid):
        changes.add(full, "APPROVAL")


def test_a_copy_waits_for_the_same_and_nobody_for_it():
    after = changes.duplicate(written(task("a"), task("b", "a"), task("c", "b")), "b")

    assert keys(after) == ["a", "b", "b-2", "c"]
    assert step(after, "b-2")["dependsOn"] == ["a"]
    assert step(after, "b-2")["name"] == "B (copy)"
    assert step(after, "c")["dependsOn"] == ["b"]


def test_a_step_comes_back_under_another_key_when_its_own_is_taken():
    after = changes.remove(written(task("a"), task("b", "a")), "a")
    after = changes.put_back(changes.add(after, "APPROVAL", "A"), 0)

    assert keys(after) == ["a-2", "b", "a"]
    assert step(after, "b")["dependsOn"] == ["a-2"]


def test_dependencies_keep_their_order_and_a_step_never_waits_for_itself():
    before = written(task("a"), task("b"), task("c"), task("d", "c", "a"))
    after = changes.set_dependencies(before, "d", ["a", "b", "c", "d"])

    assert step(after, "d")["dependsOn"] == ["c", "a", "b"]


def test_a_key_is_followed_by_conditions_placeholders_tags_and_texts_that_cannot_be_read():
    before = written(
        task("a"),
        task("ab"),
        webhook(
            "b",
            "a",
            "ab",
            when={
                "any": [{"all": [["steps.a.output.n", ">", "steps.a"]]}, ["steps.ab.x", "exists"]]
            },
            config={
                "url": "http://127.0.0.1:9/{{steps.a.output.id}}?steps.a.output",
                "body": {"{{ steps.a.x }}": "{% if steps.a.x %}{{ steps.ab.output.a }}{% endif %}"},
            },
            dueAt="{{ steps.a.output.at }}",
        ),
        unread={
            "steps.2.when": '{"all": [["steps.a.output.n", ',
            "steps.2.actionConfig.body": "steps.ab",
        },
        notificationPolicies=[
            {"channel": "EMAIL", "when": {"all": [["steps.a.output.n", "=", 1]]}}
        ],
    )
    after = changes.rename(before, "a", "first")
    renamed = step(after, "b")

    assert renamed["dependsOn"] == ["first", "ab"]
    assert renamed["when"] == {
        "any": [{"all": [["steps.first.output.n", ">", "steps.a"]]}, ["steps.ab.x", "exists"]]
    }
    assert (
        renamed["actionConfig"]["url"]
        == "http://127.0.0.1:9/{{steps.first.output.id}}?steps.a.output"
    )
    assert renamed["actionConfig"]["body"] == {
        "{{ steps.a.x }}": "{% if steps.first.x %}{{ steps.ab.output.a }}{% endif %}"
    }
    assert renamed["dueAt"] == "{{ steps.first.output.at }}"
    assert after.unread["steps.2.when"] == '{"all": [["steps.first.output.n", '
    assert after.unread["steps.2.actionConfig.body"] == "steps.ab"
    policy = after.document["notificationPolicies"][0]
    assert policy["when"] == {"all": [["steps.first.output.n", "=", 1]]}


@pytest.mark.parametrize("new", ["", "B b", "-b", "b", "a" * 101])
def test_a_key_that_is_malformed_or_taken_is_refused(new):
    with pytest.raises(Invalid) as refused:
        changes.rename(written(task("a"), task("b")), "a", new)
    assert refused.value.errors[0].path == "key"


def test_a_removed_step_follows_a_key_too():
    after = changes.remove(written(task("a"), task("b", "a"), task("c", "b")), "b")
    after = changes.rename(changes.rename(after, "a", "first"), "c", "last")
    after = changes.put_back(after, 0)

    assert step(after, "b")["dependsOn"] == ["first"]
    assert step(after, "last")["dependsOn"] == ["b"]


@pytest.mark.parametrize(
    "change",
    [
        lambda writing: changes.remove(writing, "ghost"),
        lambda writing: changes.duplicate(writing, "ghost"),
        lambda writing: changes.move(writing, "ghost", 0),
        lambda writing: changes.add(writing, "APPROVAL", "", "ghost"),
        lambda writing: changes.put_back(writing, 0),
    ],
)
def test_what_is_not_there_is_not_found(change):
    with pytest.raises(NotFound):
        change(written(task("a")))
