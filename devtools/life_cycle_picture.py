"""Draws docs/images/life-cycle.svg from the table of moves:

    python -m devtools.life_cycle_picture

Attributes only, no style sheet: so it reads the same on a code host and in the console.
"""

from __future__ import annotations

import sys
import textwrap
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from app.domain.lifecycle import MOVES
from app.models.vocabulary import State

OUT = Path(__file__).resolve().parent.parent / "docs" / "images" / "life-cycle.svg"
WIDTH, HEIGHT = 940, 420
# Where each state stands: left, top, width, height, colour.
BOXES = {
    State.SKIPPED: (20, 20, 900, 36, "#5f696c"),
    State.FAILED: (760, 118, 160, 40, "#bf2929"),
    State.PENDING: (20, 226, 160, 40, "#5f696c"),
    State.READY: (260, 226, 160, 40, "#1d5fc4"),
    State.STARTED: (510, 226, 160, 40, "#1d5fc4"),
    State.COMPLETED: (760, 226, 160, 40, "#1a6f3d"),
    State.CANCELLED: (20, 364, 900, 36, "#5f696c"),
}
# Each way from state to state: its corners, and where its words stand.
WAYS: dict[tuple[State, State], tuple[list[tuple[int, int]], tuple[int, int]]] = {
    (State.PENDING, State.READY): ([(180, 246), (258, 246)], (190, 238)),
    (State.READY, State.STARTED): ([(420, 246), (508, 246)], (440, 238)),
    (State.STARTED, State.COMPLETED): ([(670, 246), (758, 246)], (680, 238)),
    (State.STARTED, State.FAILED): ([(650, 226), (650, 146), (758, 146)], (660, 162)),
    (State.FAILED, State.READY): ([(760, 130), (380, 130), (380, 224)], (390, 146)),
    (State.PENDING, State.SKIPPED): ([(50, 226), (50, 58)], (58, 90)),
    (State.READY, State.SKIPPED): ([(290, 226), (290, 58)], (298, 90)),
    (State.STARTED, State.SKIPPED): ([(540, 226), (540, 58)], (548, 90)),
    (State.FAILED, State.SKIPPED): ([(840, 118), (840, 58)], (848, 90)),
    (State.PENDING, State.CANCELLED): ([(50, 266), (50, 362)], (58, 350)),
    (State.READY, State.CANCELLED): ([(290, 266), (290, 362)], (298, 350)),
    (State.STARTED, State.CANCELLED): ([(540, 266), (540, 362)], (548, 350)),
    # What leaves a state as it is stands below it.
    (State.READY, State.READY): ([], (298, 286)),
    (State.STARTED, State.STARTED): ([], (548, 286)),
}


def moves() -> dict[tuple[State, State], list[str]]:
    """The names of the moves, by where they lead from and to."""
    found: dict[tuple[State, State], list[str]] = defaultdict(list)
    for move in MOVES.values():
        for source in move.sources:
            found[source, move.target].append(move.name)
    return found


def draw() -> str:
    """The picture. Raises ValueError where a move leads a way that has no place yet."""
    named = moves()
    ways = sorted(named, key=list(WAYS).index)
    font = 'font-family="system-ui, sans-serif"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" {font}'
    return "\n".join(
        [
            f'{head} width="{WIDTH}" height="{HEIGHT}" role="img">',
            "<title>The states of a step and the moves between them</title>",
            f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
            *(part for way in ways for part in _way(way, named[way])),
            *(part for state in BOXES for part in _box(state)),
            "</svg>\n",
        ]
    )


def _way(way: tuple[State, State], names: list[str]) -> Iterator[str]:
    corners, (x, y) = WAYS[way]
    if corners:
        path = "M" + " L".join(f"{left} {top}" for left, top in corners)
        yield f'<path d="{path}" fill="none" stroke="#80898b" stroke-width="1.5"/>'
        yield _head(corners[-2], corners[-1])
    mark = "" if corners else "↻ "
    for line, text in enumerate(textwrap.wrap(mark + ", ".join(names), 40)):
        yield f'<text x="{x}" y="{y + line * 16}" font-size="12" fill="#465053">{text}</text>'


def _head(before: tuple[int, int], end: tuple[int, int]) -> str:
    (x, y), (left, top) = end, before
    if x != left:
        points = f"{x},{y} {x - 7},{y - 4} {x - 7},{y + 4}"
    else:
        back = 7 if top > y else -7
        points = f"{x},{y} {x - 4},{y + back} {x + 4},{y + back}"
    return f'<polygon points="{points}" fill="#80898b"/>'


def _box(state: State) -> Iterator[str]:
    left, top, width, height, colour = BOXES[state]
    place = f'x="{left}" y="{top}" width="{width}" height="{height}" rx="6"'
    middle = f'x="{left + width // 2}" y="{top + height // 2 + 5}" text-anchor="middle"'
    yield f'<rect {place} fill="#ffffff" stroke="{colour}" stroke-width="2"/>'
    yield f'<text {middle} font-size="14" font-weight="600" fill="{colour}">{state}</text>'


if __name__ == "__main__":
    OUT.write_text(draw())
    print(OUT)
    sys.exit(0)
