"""The drawing of a graph: nothing overlaps, arrows go forward and pass no box, and the same steps
always give the same drawing."""

import sys
from collections import Counter
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.web.graph import BOX_HEIGHT, BOX_WIDTH, Box, CycleError, Edge, Step, layout


@st.composite
def graphs(draw: st.DrawFn) -> list[Step]:
    """Steps in any order, each waiting for some that come before it in another, hidden order."""
    count = draw(st.integers(0, 24))
    steps: list[Step] = []
    for i in range(count):
        others = st.sets(st.integers(0, i - 1), max_size=4) if i else st.just(set[int]())
        steps.append((f"s{i}", f"Step {i}", [f"s{j}" for j in sorted(draw(others))]))
    return draw(st.permutations(steps))


@given(graphs())
def test_every_step_has_one_box_and_no_two_overlap(steps: list[Step]) -> None:
    graph = layout(steps)
    assert [box.key for box in graph.boxes] == [key for key, _, _ in steps]
    for i, box in enumerate(graph.boxes):
        assert not any(overlap(box, other) for other in graph.boxes[i + 1 :])


@given(graphs())
def test_every_arrow_goes_forward_from_box_to_box(steps: list[Step]) -> None:
    graph = layout(steps)
    boxes = {box.key: box for box in graph.boxes}
    wanted = {(other, key) for key, _, depends_on in steps for other in depends_on}
    assert {(edge.source, edge.target) for edge in graph.edges} == wanted
    for edge in graph.edges:
        source, target = boxes[edge.source], boxes[edge.target]
        assert edge.points[0] == (source.x + BOX_WIDTH, source.y + BOX_HEIGHT // 2)
        assert edge.points[-1] == (target.x, target.y + BOX_HEIGHT // 2)
        xs = [x for x, _ in edge.points]
        assert xs == sorted(set(xs))


@given(graphs())
def test_no_arrow_runs_through_a_box(steps: list[Step]) -> None:
    graph = layout(steps)
    for edge in graph.edges:
        assert not any(passes(edge, box) for box in graph.boxes)


@given(graphs())
def test_everything_lies_within_the_canvas(steps: list[Step]) -> None:
    graph = layout(steps)
    corners = [(box.x + box.width, box.y + box.height) for box in graph.boxes]
    for x, y in [*corners, *(point for edge in graph.edges for point in edge.points)]:
        assert 0 <= x <= graph.width
        assert 0 <= y <= graph.height


@given(graphs())
def test_the_same_steps_give_the_same_drawing(steps: list[Step]) -> None:
    assert layout(steps) == layout(steps)


def test_two_branches_that_need_not_cross_do_not() -> None:
    graph = layout([("a", "A", []), ("b", "B", []), ("d", "D", ["b"]), ("c", "C", ["a"])])
    ends = {edge.source: edge.points[-1][1] - edge.points[0][1] for edge in graph.edges}
    assert ends == {"a": 0, "b": 0}


def test_an_arrow_to_a_step_that_does_not_exist_yet_is_left_out() -> None:
    assert layout([("a", "A", ["ghost"])]).edges == ()


def test_a_circle_is_refused_by_name() -> None:
    with pytest.raises(CycleError, match="a, b"):
        layout([("a", "A", ["b"]), ("b", "B", ["a"]), ("c", "C", [])])


def test_a_long_name_is_cut_and_kept_whole_beside() -> None:
    (box,) = layout([("a", "Send the confirmation to the customer", [])]).boxes
    assert box.label == "Send the confirmat…"
    assert box.name == "Send the confirmation to the customer"


def test_sixty_steps_are_placed_with_little_work() -> None:
    steps: list[Step] = [
        (f"s{i}", "Step", [f"s{j}" for j in (i - 1 - i % 3, i // 2) if 0 <= j < i])
        for i in range(60)
    ]
    assert calls_during(lambda: layout(steps)) < 200_000  # some hundredths of a second


def calls_during(work: Callable[[], object]) -> int:
    """How many calls of functions it takes: the same on any machine, however busy that is."""
    counted: Counter[str] = Counter()
    sys.setprofile(lambda _frame, event, _arg: counted.update([event]))
    try:
        work()
    finally:
        sys.setprofile(None)
    return counted["call"] + counted["c_call"]


def overlap(one: Box, other: Box) -> bool:
    beside = one.x + one.width <= other.x or other.x + other.width <= one.x
    apart = one.y + one.height <= other.y or other.y + other.height <= one.y
    return not (beside or apart)


def passes(edge: Edge, box: Box) -> bool:
    """Whether one of the arrow's level runs lies within the box (curves run only in the gaps)."""
    runs = zip(edge.points[1:-1:2], edge.points[2:-1:2], strict=True)
    return any(x == box.x and box.y <= y <= box.y + box.height for (x, y), _ in runs)
