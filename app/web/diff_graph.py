"""One graph of two versions: every step of both, and every arrow, each with what became of it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from app.domain.template_diff import TemplateDiff
from app.web.graph import Box, Edge, layout

Arrow: TypeAlias = tuple[str, str]  # the keys of the step waited for, and of the one that waits

_ORDER = {"": 0, "added": 1, "removed": 2}


@dataclass(frozen=True, slots=True)
class MarkedBox:
    box: Box
    marks: tuple[str, ...]

    @property
    def mark(self) -> str:
        return self.marks[0] if self.marks else ""


@dataclass(frozen=True, slots=True)
class MarkedEdge:
    """`mark`: added, removed, or empty. `at`: where its sign stands."""

    edge: Edge
    mark: str

    @property
    def at(self) -> tuple[int, int]:
        points = self.edge.points
        (x1, y1), (x2, y2) = points[len(points) // 2 - 1], points[len(points) // 2]
        return (x1 + x2) // 2, (y1 + y2) // 2


@dataclass(frozen=True, slots=True)
class DiffGraph:
    boxes: list[MarkedBox]
    edges: list[MarkedEdge]
    width: int
    height: int


def draw(found: TemplateDiff) -> DiffGraph:
    """Arrows that would close a circle (turned round between the two, or in a half-done draft)
    have no place in the layout and are drawn across it; those that are gone give way first."""
    arrows = {(source, target): mark for source, target, mark in _arrows(found)}
    by_weight = sorted(arrows, key=lambda arrow: _ORDER[arrows[arrow]])
    waits, across = _without_circles(found.names, by_weight)
    graph = layout([(key, name, waits[key]) for key, name in found.names.items()])
    boxes = {box.key: box for box in graph.boxes}
    edges = [*graph.edges, *(_straight(boxes[source], boxes[target]) for source, target in across)]
    marks = {step.key: step.marks for step in found.steps}
    return DiffGraph(
        [MarkedBox(box, marks[box.key]) for box in graph.boxes],
        [MarkedEdge(edge, arrows[edge.source, edge.target]) for edge in edges],
        graph.width,
        graph.height,
    )


def _arrows(found: TemplateDiff) -> Iterator[tuple[str, str, str]]:
    for step in found.steps:
        marks = {edge.source: "added" if edge.added else "removed" for edge in step.dependencies}
        for key in dict.fromkeys([*found.waits_for(step), *marks]):
            if key in found.names:
                yield key, step.key, marks.get(key, step.mark_of_whole)


def _without_circles(
    keys: Iterable[str], arrows: Iterable[Arrow]
) -> tuple[dict[str, list[str]], list[Arrow]]:
    waits: dict[str, list[str]] = {key: [] for key in keys}
    across: list[Arrow] = []
    for source, target in arrows:
        if _waits_for(waits, source, target):
            across.append((source, target))
        else:
            waits[target].append(source)
    return waits, across


def _waits_for(waits: Mapping[str, Sequence[str]], key: str, other: str) -> bool:
    """Whether a step waits for another one, or is it, by however many steps in between."""
    open_ones, seen = [key], set[str]()
    while open_ones:
        one = open_ones.pop()
        if one == other:
            return True
        if one not in seen:
            seen.add(one)
            open_ones += waits[one]
    return False


def _straight(source: Box, target: Box) -> Edge:
    start = (source.x + source.width, source.y + source.height // 2)
    return Edge(source.key, target.key, (start, (target.x, target.y + target.height // 2)))
