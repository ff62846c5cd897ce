"""`when`: what holds, what does not, and that nothing an author writes can make it raise."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.conditions import describe_refusal, holds, reads
from app.schemas.conditions import OPERATORS, check_when

CONTEXT: dict[str, Any] = {
    "input": {
        "total": 10,
        "name": "Ada",
        "tags": ["new", "vip"],
        "lines": [{"sku": "A1"}, {"sku": "B2"}],
        "none": None,
        "flag": True,
        "nested": {"deep": {"n": 1.5}},
    },
    "steps": {"check": {"state": "COMPLETED", "output": {"ok": True, "n": 3}}},
    "instance": {"id": 7, "title": "Order 7"},
}


@pytest.mark.parametrize(
    "comparison",
    [
        ["input.total", "=", 10],
        ["input.total", "=", 10.0],
        ["input.total", "!=", 11],
        ["input.total", ">", 9],
        ["input.total", ">=", 10],
        ["input.total", "<", 10.5],
        ["input.total", "<=", 10],
        ["input.name", "=", "Ada"],
        ["input.name", "<", "Bob"],
        ["input.name", "contains", "d"],
        ["input.name", "in", ["Ada", "Bob"]],
        ["input.name", "not in", ["Bob"]],
        ["input.tags", "contains", "vip"],
        ["input.nested", "contains", "deep"],
        ["input.lines.0.sku", "=", "A1"],
        ["input.lines.1", "=", {"sku": "B2"}],
        ["input.nested.deep.n", ">", 1],
        ["input.none", "=", None],
        ["input.none", "exists"],
        ["input.flag", "=", True],
        ["input.total", "exists"],
        ["input.total", "exists", True],
        ["input.nothing", "exists", False],
        ["steps.check.output.ok", "=", True],
        ["steps.check.state", "=", "COMPLETED"],
        ["instance.id", "=", 7],
    ],
)
def test_it_holds(comparison):
    assert holds({"all": [check(comparison)]}, CONTEXT)


@pytest.mark.parametrize(
    "comparison",
    [
        ["input.total", "=", 11],
        ["input.total", "=", "10"],
        ["input.total", "!=", 10],
        ["input.total", ">", 10],
        ["input.total", ">", "9"],
        ["input.total", "<", None],
        ["input.name", ">", 3],
        ["input.name", "contains", 3],
        ["input.name", "in", []],
        ["input.name", "not in", ["Ada"]],
        ["input.total", "contains", 1],
        ["input.tags", "contains", "old"],
        ["input.lines.2.sku", "=", "A1"],
        ["input.lines.-1.sku", "=", "B2"],
        ["input.lines.1_0", "exists"],
        ["input.lines.one", "exists"],
        ["input.total.more", "exists"],
        ["input.name.0", "exists"],
        ["input.total", "exists", False],
        ["input.none.more", "exists"],
        ["steps.other.output.n", "<", 5],
    ],
)
def test_it_does_not_hold(comparison):
    assert not holds({"all": [check(comparison)]}, CONTEXT)


@pytest.mark.parametrize("op", [op for op in OPERATORS if op != "exists"])
def test_a_missing_path_makes_every_comparison_false(op):
    value = ["x"] if "in" in op.split() else "x"
    assert not holds({"any": [["input.nothing", op, value]]}, CONTEXT)


def test_all_wants_all_and_any_wants_one():
    yes, no = ["input.total", "=", 10], ["input.total", "=", 11]

    assert not holds({"all": [yes, no]}, CONTEXT)
    assert holds({"any": [no, yes]}, CONTEXT)
    assert not holds({"any": [no, no]}, CONTEXT)
    assert holds({"all": [{"any": [no, yes]}, {"all": [yes, yes]}]}, CONTEXT)
    assert not holds({"all": [yes, {"any": [no, {"all": [yes, no]}]}]}, CONTEXT)
    assert holds(None, CONTEXT)


@pytest.mark.parametrize(
    ("when", "reason"),
    [
        ({"all": [["input.total", ">", 20]]}, "input.total was 10, wanted > 20"),
        ({"all": [["input.ghost", "=", 1]]}, "input.ghost is missing, wanted = 1"),
        (
            {"all": [["input.total", "=", 10], {"any": [["input.name", "=", "Bob"]]}]},
            "input.name was Ada, wanted = Bob",
        ),
    ],
)
def test_a_refusal_is_described_by_what_did_not_hold(when, reason):
    assert describe_refusal(when, CONTEXT) == reason


def test_a_long_value_is_cut_in_the_description():
    context = {"input": {"name": "x" * 500}}
    assert len(describe_refusal({"all": [["input.name", "=", "y"]]}, context)) < 120


def test_reads_says_which_parts_of_an_instance_it_looks_at():
    when = {"all": [["input.a", "exists"], {"any": [["steps.b.output.c", "=", 1]]}]}
    assert reads(when) == {"input", "steps"}
    assert reads(None) == set()


@pytest.mark.parametrize(
    "when",
    [
        None,
        [],
        {},
        {"all": []},
        {"all": "x"},
        {"none": [["input.a", "exists"]]},
        {"all": [["input.a", "exists"]], "any": [["input.a", "exists"]]},
        {"all": [["input.a"]]},
        {"all": [["input.a", "=", 1, 2]]},
        {"all": [["input.a", "="]]},
        {"all": [["input.a", "like", "x"]]},
        {"all": [["input.a", ["="], "x"]]},
        {"all": [["input.a", "in", "x"]]},
        {"all": [["output.a", "=", 1]]},
        {"all": [["inputs.a", "=", 1]]},
        {"all": [[3, "=", 1]]},
        {"all": ["input.a"]},
        {"all": [["input.a", "exists"]] * 101},
    ],
)
def test_what_is_no_condition_is_refused(when):
    with pytest.raises(ValueError, match=r"\."):
        check_when(when)


def test_conditions_nested_too_deeply_are_refused():
    when: dict[str, Any] = {"all": [["input.a", "exists"]]}
    for _ in range(9):
        when = {"any": [when]}
    with pytest.raises(ValueError, match="8 levels"):
        check_when(when)


def check(comparison: list[Any]) -> list[Any]:
    """The comparison, which an author may write."""
    check_when({"all": [comparison]})
    return comparison


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**18), 10**18)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=8,
)
PATHS = st.lists(
    st.sampled_from(["a", "b", "0", "1", "-1", "x_y", "9" * 30]) | st.text(max_size=3), max_size=4
).map(lambda parts: ".".join(["input", *parts]))


@st.composite
def comparisons(draw: st.DrawFn) -> list[Any]:
    op = draw(st.sampled_from(OPERATORS))
    if op == "exists":
        return [draw(PATHS), op, *draw(st.sampled_from([[], [True], [False]]))]
    value = draw(st.lists(JSON, max_size=3) if "in" in op.split() else JSON)
    return [draw(PATHS), op, value]


WHENS = st.recursive(
    st.builds(lambda parts: {"all": parts}, st.lists(comparisons(), min_size=1, max_size=3)),
    lambda inner: st.builds(
        lambda word, parts: {word: parts},
        st.sampled_from(["all", "any"]),
        st.lists(inner | comparisons(), min_size=1, max_size=3),
    ),
    max_leaves=4,
)
INPUTS = st.dictionaries(st.sampled_from(["a", "b", "0", "x_y"]), JSON, max_size=4)


@given(when=WHENS, value=INPUTS)
def test_whatever_is_written_and_whatever_comes_in_it_holds_or_not_and_can_be_described(
    when, value
):
    context = {"input": value, "steps": {}, "instance": {"id": 1}}
    verdict = holds(check_when(when), context)
    assert isinstance(verdict, bool)
    if not verdict:
        assert describe_refusal(when, context)


@given(value=JSON, other=JSON)
def test_equal_and_not_equal_are_opposites_where_the_path_exists(value, other):
    context = {"input": {"a": value}}
    equal = holds({"all": [["input.a", "=", other]]}, context)
    assert equal != holds({"all": [["input.a", "!=", other]]}, context)
