"""Where the boxes and arrows of a graph of steps stand: a layered drawing, left to right.

The usual four stages (Sugiyama): a column per step from its longest path, a place-holder wherever
an arrow passes a column, an order within each column that keeps crossings few, heights that keep
arrows straight. The same steps in the same order always give the same drawing.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from statistics import median
from typing import TypeAlias

from app.domain.graph import sorted_by_dependency

BOX_WIDTH, BOX_HEIGHT = 184, 44
COLUMN_GAP, ROW_GAP, MARGIN = 48, 16, 8
LANE_HEIGHT = 8  # the height that an arrow passing a column takes there
NAME_LENGTH = 19  # characters that fit a box in a wide font; the full name stands in its <title>
SWEEPS = 8
MOST_PASSED = 1_000  # columns; beyond it arrows run straight, since nobody could follow them

Step: TypeAlias = tuple[str, str, Sequence[str]]
Columns: TypeAlias = "list[list[_Spot]]"


@dataclass(frozen=True)
class Box:
    """One step as drawn; x and y are its upper left corner."""

    key: str
    name: str
    label: str
    x: int
    y: int
    width: int = BOX_WIDTH
    height: int = BOX_HEIGHT


@dataclass(frozen=True)
class Edge:
    """One arrow as drawn, from the right edge of `source` to the left edge of `target`."""

    source: str
    target: str
    points: tuple[tuple[int, int], ...]

    @cached_property
    def path(self) -> str:
        """SVG path data: level across columns, a soft curve in the gaps between them."""
        (x, y), *rest = self.points
        parts = [f"M{x} {y}"]
        for (x1, y1), (x2, y2) in pairwise(((x, y), *rest)):
            middle = (x1 + x2) // 2
            parts.append(f"H{x2}" if y1 == y2 else f"C{middle} {y1} {middle} {y2} {x2} {y2}")
        return "".join(parts)


@dataclass(frozen=True)
class Graph:
    boxes: tuple[Box, ...]
    edges: tuple[Edge, ...]
    width: int
    height: int

    def named(self, names: Iterable[str]) -> "Graph":
        """The same with other names, in the order of the boxes."""
        boxes = zip(self.boxes, names, strict=True)
        return replace(
            self,
            boxes=tuple(replace(box, name=name, label=_label(name)) for box, name in boxes),
        )


class CycleError(ValueError):
    """Steps that wait for each other have no order to draw them in."""


class _Spot:
    """A box, or the place-holder of an arrow that passes a column."""

    def __init__(self, key: str, column: int, height: int) -> None:
        self.key, self.column, self.height = key, column, height
        self.before: list[_Spot] = []
        self.after: list[_Spot] = []
        self.row = 0
        self.y = 0.0  # of its middle


def layout(steps: Sequence[Step]) -> Graph:
    """Place `steps` (key, name, keys it depends on). A prerequisite that is not among them is
    left out: a draft may name a step that does not exist yet."""
    columns, chains = _spread(steps, _column_of(steps))
    _order(columns)
    _level(columns)
    spots = {spot.key: spot for column in columns for spot in column if spot.height == BOX_HEIGHT}
    boxes = tuple(_box(spots[key], name) for key, name, _ in steps)
    edges = tuple(_edge(chain) for chain in chains)
    bottom = max((box.y + box.height for box in boxes), default=0)
    lanes = (y for edge in edges for _, y in edge.points)
    right = max((box.x + box.width for box in boxes), default=0)
    return Graph(boxes, edges, right + MARGIN, max(bottom, *lanes, 0) + MARGIN)


def without_circles(steps: Sequence[Step]) -> tuple[list[Step], list[tuple[str, str]]]:
    """The steps as they can be drawn, and the arrows left out for it: in a circle, a step does not
    come after one that stands behind it in the list."""
    ordered = set(sorted_by_dependency({key: set(waits) & _keys(steps) for key, _, waits in steps}))
    place = {key: at for at, (key, _, _) in enumerate(steps)}
    left_out = [
        (other, key)
        for key, _, waits in steps
        for other in waits
        if other in place and not {key, other} & ordered and place[other] >= place[key]
    ]
    gone = set(left_out)
    drawn: list[Step] = [
        (key, name, [other for other in waits if (other, key) not in gone])
        for key, name, waits in steps
    ]
    return drawn, left_out


def _keys(steps: Sequence[Step]) -> set[str]:
    return {key for key, _, _ in steps}


def _column_of(steps: Sequence[Step]) -> dict[str, int]:
    """Longest path from the start: a step stands right of everything it waits for."""
    known = {key for key, _, _ in steps}
    waits = {key: {other for other in depends_on if other in known} for key, _, depends_on in steps}
    column: dict[str, int] = {}
    while len(column) < len(known):
        ready = [key for key in waits if key not in column and waits[key] <= column.keys()]
        if not ready:
            raise CycleError(", ".join(key for key in waits if key not in column))
        for key in ready:
            column[key] = max((column[other] + 1 for other in waits[key]), default=0)
    return column


def _spread(steps: Sequence[Step], column_of: dict[str, int]) -> tuple[Columns, list[list[_Spot]]]:
    """Spots by column, and for each arrow the chain of spots from its source to its target."""
    columns: Columns = [[] for _ in range(max(column_of.values(), default=-1) + 1)]
    spots: dict[str, _Spot] = {}
    chains: list[list[_Spot]] = []
    for key, _, _ in steps:
        spots[key] = _Spot(key, column_of[key], BOX_HEIGHT)
        columns[column_of[key]].append(spots[key])
    far = _passed(steps, column_of) <= MOST_PASSED
    for key, _, depends_on in steps:
        for other in dict.fromkeys(name for name in depends_on if name in spots):
            lanes = range(column_of[other] + 1, column_of[key]) if far else range(0)
            passing = [_Spot(f"{other} → {key}", column, LANE_HEIGHT) for column in lanes]
            for spot in passing:
                columns[spot.column].append(spot)
            chain = [spots[other], *passing, spots[key]]
            for left, right in pairwise(chain):
                left.after.append(right)
                right.before.append(left)
            chains.append(chain)
    return columns, chains


def _passed(steps: Sequence[Step], column_of: dict[str, int]) -> int:
    """How many columns all arrows together pass."""
    return sum(
        max(column_of[key] - column_of[other] - 1, 0)
        for key, _, depends_on in steps
        for other in set(depends_on)
        if other in column_of
    )


def _order(columns: Columns) -> None:
    """Sort each column by the middle of its neighbours, back and forth; keep the best seen."""
    _number(columns)
    best, fewest = [list(column) for column in columns], _crossings(columns)
    for sweep in range(SWEEPS):
        if not fewest:
            break
        rightwards = sweep % 2 == 0
        for column in columns if rightwards else reversed(columns):
            _sort(column, rightwards)
            _number([column])
        crossings = _crossings(columns)
        if crossings < fewest:
            best, fewest = [list(column) for column in columns], crossings
    columns[:] = best
    _number(columns)


def _sort(column: list[_Spot], rightwards: bool) -> None:
    column.sort(key=lambda spot: _barycentre(spot, spot.before if rightwards else spot.after))


def _number(columns: Iterable[list[_Spot]]) -> None:
    for column in columns:
        for row, spot in enumerate(column):
            spot.row = row


def _barycentre(spot: _Spot, neighbours: list[_Spot]) -> float:
    return sum(other.row for other in neighbours) / len(neighbours) if neighbours else spot.row


def _crossings(columns: Columns) -> int:
    return sum(_inversions(column) for column in columns)


def _inversions(column: list[_Spot]) -> int:
    """Crossings of the arrows that leave a column: pairs whose ends stand the other way round."""
    crossings, ends = 0, list[int]()
    for spot in column:
        rows = sorted(other.row for other in spot.after)
        crossings += sum(len(ends) - bisect_right(ends, row) for row in rows)
        ends = sorted(ends + rows)
    return crossings


def _level(columns: Columns) -> None:
    """Give every spot its height: amid its neighbours, none overlapping, order kept."""
    for column in columns:
        _settle(column, [0.0] * len(column))
    for sweep in range(SWEEPS):
        rightwards = sweep % 2 == 0
        for column in columns if rightwards else reversed(columns):
            _settle(column, [_wish(spot, rightwards) for spot in column])
    top = min((spot.y - spot.height / 2 for column in columns for spot in column), default=0.0)
    for column in columns:
        for spot in column:
            spot.y += MARGIN - top


def _wish(spot: _Spot, rightwards: bool) -> float:
    """An arrow wants to go on level, a box to stand amid its neighbours on the side swept from."""
    swept, ahead = (spot.before, spot.after) if rightwards else (spot.after, spot.before)
    neighbours = swept or ahead
    return median(other.y for other in neighbours) if neighbours else spot.y


def _settle(column: list[_Spot], wishes: list[float]) -> None:
    """The heights nearest to the wishes (least squares) that keep order and distance: pool adjacent
    violators over the wishes with the distances taken out."""
    offsets = _offsets(column)
    blocks: list[tuple[float, int]] = []  # mean of the block's shifted wishes, its size
    for wish, offset in zip(wishes, offsets, strict=True):
        mean, size = wish - offset, 1
        while blocks and blocks[-1][0] > mean:
            other, count = blocks.pop()
            mean, size = (mean * size + other * count) / (size + count), size + count
        blocks.append((mean, size))
    shifts = [mean for mean, size in blocks for _ in range(size)]
    for spot, shift, offset in zip(column, shifts, offsets, strict=True):
        spot.y = shift + offset


def _offsets(column: list[_Spot]) -> list[float]:
    """How far below the first each spot must at least stand."""
    offsets = [0.0] * len(column)
    for i, (above, below) in enumerate(pairwise(column)):
        offsets[i + 1] = offsets[i] + (above.height + below.height) / 2 + ROW_GAP
    return offsets


def _box(spot: _Spot, name: str) -> Box:
    return Box(spot.key, name, _label(name), _left(spot), round(spot.y - spot.height / 2))


def _label(name: str) -> str:
    return name if len(name) <= NAME_LENGTH else name[: NAME_LENGTH - 1].rstrip() + "…"


def _edge(chain: list[_Spot]) -> Edge:
    """Right edge of the source, level across each column passed, left edge of the target."""
    source, *passing, target = chain
    points = [(_left(source) + BOX_WIDTH, _middle(source))]
    for spot in passing:
        points += [(_left(spot), _middle(spot)), (_left(spot) + BOX_WIDTH, _middle(spot))]
    points.append((_left(target), _middle(target)))
    return Edge(source.key, target.key, tuple(points))


def _left(spot: _Spot) -> int:
    return MARGIN + spot.column * (BOX_WIDTH + COLUMN_GAP)


def _middle(spot: _Spot) -> int:
    return round(spot.y - spot.height / 2) + spot.height // 2
