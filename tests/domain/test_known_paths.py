"""What placeholders and conditions of a step can read, and on which ways it is surely there."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from app.domain.half_done import steps_of
from app.domain.known_paths import MOST_MEANT, KnownPath, Reading, find, known, nearest
from app.domain.ways import Ways, proves
from tests.support.workflows import make_step, task, webhook

ORDER = {
    "type": "object",
    "required": ["orderId"],
    "properties": {
        "orderId": {"type": "string", "title": "Order number"},
        "email": {"type": "string", "default": "customer@example.com"},
        "note": {"type": "string"},
        "address": {
            "type": "object",
            "required": ["city"],
            "properties": {"city": {"type": "string"}, "door": {"type": "integer"}},
        },
        "lines": {
            "type": "array",
            "items": {"type": "object", "properties": {"sku": {"type": "string"}}},
        },
        "more": {"type": "object"},
    },
}


def document(*steps: dict[str, Any], schema: Any = ORDER) -> dict[str, Any]:
    return {"key": "order", "name": "Order", "inputSchema": schema, "steps": list(steps)}


def paths(found: list[KnownPath], root: str = "") -> dict[str, bool]:
    """Whether each is certain, by path."""
    return {one.path: one.certain for one in found if one.path.startswith(root)}


def step(kind: str, key: str, *depends_on: str, config: Any = None, **more: Any) -> dict[str, Any]:
    return make_step(key, kind, depends_on, config or {}, more)


def test_fields_of_the_input_are_known_nested_ones_and_entries_of_lists_too():
    found = known(document(task("a")), "a")
    assert paths(found, "input") == {
        "input.orderId": True,
        "input.email": True,
        "input.note": False,
        "input.address": False,
        "input.address.city": False,
        "input.address.door": False,
        "input.lines": False,
        "input.lines.0": False,
        "input.lines.0.sku": False,
        "input.more": False,
    }
    assert found[0] == KnownPath("input.orderId", "Order number", "string", True)


def test_an_input_that_is_not_described_may_have_anything():
    for schema in ({"type": "object", "properties": {}}, None, "broken", []):
        assert find("input.whatever", known(document(task("a"), schema=schema), "a"))
    assert find("input.whatever", known(document(task("a")), "a")) is None


def test_a_webhook_gives_what_its_output_names_or_whatever_its_receiver_answers():
    mapped = webhook("a", config={"output": {"reference": "body.id", "code": "status"}})
    found = known(document(mapped, webhook("b"), task("c", "a", "b")), "c")
    assert paths(found, "steps.a.output") == {
        "steps.a.output.reference": True,
        "steps.a.output.code": True,
        "steps.a.output": True,
    }
    assert find("steps.a.output.other", found) is None
    assert find("steps.b.output.whatever.there.is", found)


def test_each_kind_of_step_gives_what_it_gives():
    form = {"schema": {"type": "object", "required": ["size"], "properties": {"size": {}}}}
    found = known(
        document(
            step("AUTOMATION_EMAIL", "mail"),
            step("APPROVAL", "approve"),
            step("FORM_INPUT", "form", config=form),
            step("WAIT_TIMER", "timer"),
            step("MANUAL_TASK", "pack"),
            task("end", "mail", "approve", "form", "timer", "pack"),
        ),
        "end",
    )
    assert paths(found, "steps.mail.output.") == dict.fromkeys(
        [f"steps.mail.output.{name}" for name in ("messageId", "accepted", "refused")], True
    )
    assert paths(found, "steps.approve.output.") == {
        "steps.approve.output.outcome": True,
        "steps.approve.output.comment": False,
    }
    assert paths(found, "steps.form.output.") == {"steps.form.output.size": True}
    assert find("steps.timer.output.anything", found) is None
    assert find("steps.pack.output.anything", found)


def test_a_wait_that_may_end_without_a_call_gives_nothing_for_certain():
    config = {"output": {"payment": "body.id"}, "timeout": "P1D"}
    for on_timeout, certain in (("fail", True), ("complete", False)):
        waits = step("WAIT_CALLBACK", "paid", config=config | {"onTimeout": on_timeout})
        found = paths(known(document(waits, task("b", "paid")), "b"), "steps.paid.output.")
        assert found["steps.paid.output.payment"] is certain
        assert ("steps.paid.output.outcome" in found) is (not certain)


def test_callback_urls_are_known_before_the_step_waits_but_not_to_conditions():
    steps = document(webhook("ask"), step("WAIT_CALLBACK", "paid", "ask"))
    assert find("steps.paid.callbackUrl", known(steps, "ask"))
    assert find("steps.paid.callbackUrl", known(steps, "ask", in_condition=True)) is None


def test_only_steps_before_are_known():
    steps = document(task("a"), task("b", "a"), task("c", "b"), task("beside"))
    assert {path.split(".")[1] for path in paths(known(steps, "c"), "steps.")} == {"a", "b"}
    assert paths(known(steps, "a"), "steps.") == {}
    assert paths(known(steps), "steps.") == {}


IF = {"all": [["input.note", "exists"]]}


def sure_of(key: str, *steps: dict[str, Any]) -> frozenset[str]:
    return Ways(steps_of(document(*steps))).surely[key]


def test_what_a_step_with_a_condition_gives_is_not_certain_beside_another_way():
    steps = (task("a"), task("b", "a", when=IF), task("c", "a", "b"))
    assert sure_of("c", *steps) == {"a"}


def test_a_step_that_is_the_only_one_before_has_been_done():
    assert sure_of("b", task("a", when=IF), task("b", "a")) == {"a"}


def test_what_lies_on_all_ways_has_been_done():
    ways = (task("b", "a", when=IF), task("c", "a", when=IF))
    assert sure_of("d", task("a", when=IF), *ways, task("d", "b", "c")) == {"a"}


def test_what_follows_from_what_has_been_done_has_been_done():
    steps = (task("a", when=IF), task("b", "a"), task("c", "a"), task("d", "b", "c"))
    assert sure_of("d", *steps) == {"a", "b", "c"}


def test_a_condition_proves_what_it_asks_for():
    wish = {"all": [["steps.b.output.outcome", "=", "approved"], ["input.note", "!=", "x"]]}
    steps = document(
        task("a"), step("APPROVAL", "b", when=IF), task("c", "a", "b", when=wish), task("d", "c")
    )
    for reader in ("c", "d"):
        found = paths(known(steps, reader))
        assert found["steps.b.output.outcome"]
        assert found["input.note"]


def test_conditions_prove_no_more_than_they_ask_for():
    a, b = ["input.a", "exists"], ["input.b", "=", 1]
    assert proves({"all": [a, b]}) == {"input.a", "input.b"}
    assert proves({"any": [a, b]}) == set()
    assert proves({"any": [a, {"all": [a, b]}]}) == {"input.a"}
    assert proves({"all": [["input.a", "exists", False]]}) == set()
    for nonsense in (None, {}, {"all": None}, {"any": []}, {"all": ["x", [], [1, 2]]}):
        assert proves(nonsense) == set()


def test_a_step_that_may_come_too_late_gives_nothing_for_certain():
    late = webhook("a", config={"runAt": "{{ input.at }}", "ifPast": "skip"})
    assert sure_of("c", task("0"), late | {"dependsOn": ["0"]}, task("c", "a")) == {"0"}


def test_the_nearest_known_path_is_named():
    found = known(document(task("a"), step("APPROVAL", "approve"), task("c", "approve")), "c")
    assert nearest("input.orderid", found) == "input.orderId"
    assert nearest("steps.aprove.output.outcome", found) == "steps.approve.output.outcome"
    assert nearest("input.adress.city", found) == "input.address.city"
    assert nearest("orderId", found) == nearest("inputs.orderId", found) == "input.orderId"
    assert nearest("input.city", found) == "input.address.city"
    for nothing_like_it in ("zzz", "steps.ghost.output.x", "input"):
        assert nearest(nothing_like_it, found) is None


def test_what_was_meant_is_looked_for_a_bounded_number_of_times():
    found = known(document(task("a"), step("APPROVAL", "approve"), task("c", "approve")), "c")
    reading = Reading(document(task("a")))
    meant = [reading.nearest("input.orderid", found) for _ in range(MOST_MEANT + 1)]
    assert meant == [*["input.orderId"] * MOST_MEANT, None]


def test_nobody_mistypes_a_name_that_is_as_long_as_a_page():
    kind = KnownPath(f"input.{'a' * 101}", "Long", "string", True)
    assert nearest(f"input.{'a' * 102}", [kind]) is None


def test_below_a_path_that_is_like_it_anything_may_be_meant():
    found = known(document(webhook("reserve"), task("b", "reserve")), "b")
    assert nearest("steps.reserv.output.id", found) == "steps.reserve.output.id"


def test_any_entry_of_a_list_is_known_by_its_number():
    found = known(document(task("a")), "a")
    assert find("input.lines.12.sku", found)
    assert find("input.lines.12.price", found) is None
    assert find("input.address", found)
    assert find("input", found)
    assert find("steps", found) is None


GRAPHS = st.lists(
    st.tuples(st.lists(st.integers(0, 8), max_size=3, unique=True), st.booleans()),
    min_size=1,
    max_size=9,
)


@given(GRAPHS, st.lists(st.booleans(), min_size=9, max_size=9))
def test_however_conditions_turn_out_what_is_sure_has_been_done(graph, holds):
    steps = [
        task(str(at), *(str(other) for other in others if other < at), when=IF if when else None)
        for at, (others, when) in enumerate(graph)
    ]
    ran: set[str] = set()
    for at, one in enumerate(steps):
        before = one["dependsOn"]
        if (not before or not ran.isdisjoint(before)) and (not one["when"] or holds[at]):
            ran.add(one["key"])
    ways = Ways(steps_of(document(*steps)))
    for key in ran:
        assert ways.surely[key] <= ran


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


@given(JSON, JSON, JSON)
def test_documents_of_any_shape_can_be_asked(schema, config, depends_on):
    kinds = ["AUTOMATION_WEBHOOK", "FORM_INPUT", "WAIT_CALLBACK", "APPROVAL", schema]
    steps: list[Any] = [
        {"key": str(at), "actionType": kind, "actionConfig": config, "dependsOn": depends_on}
        for at, kind in enumerate(kinds)
    ]
    steps += [{"key": "end", "dependsOn": ["0", "1", "2", "3", "end"], "when": schema}, schema]
    found = known({"inputSchema": schema, "steps": steps}, "end")
    assert find("instance.id", found)
    assert known({"steps": schema}, "end")
