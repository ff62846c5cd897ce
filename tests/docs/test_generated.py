"""What the documents show of the code is what the code says."""

import re

from app.domain.lifecycle import MOVES
from devtools import life_cycle_picture
from tests.support.fences import ROOT

LIFE = (ROOT / "docs" / "life-cycle.md").read_text()


def rows(heading: str) -> list[list[str]]:
    """The rows of the first table below a heading, without its head."""
    below = LIFE.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in below.splitlines() if line.startswith("|")][2:]
    return [[cell.strip().strip("`") for cell in line.strip("|").split("|")] for line in lines]


def test_the_picture_of_the_life_cycle_is_drawn_from_the_moves_of_today() -> None:
    made = "run: .venv/bin/python -m devtools.life_cycle_picture"
    assert life_cycle_picture.OUT.read_text() == life_cycle_picture.draw(), made


def test_the_table_of_states_names_every_way() -> None:
    shown = {(source, to, name) for source, to, by in rows("States") for name in by.split(", ")}
    ways = life_cycle_picture.moves().items()
    assert shown == {(*map(str, way), name) for way, names in ways for name in names}


def test_the_table_of_moves_is_the_one_in_the_code() -> None:
    shown = {row[0]: row[1:] for row in rows("Moves")}
    assert set(shown) == set(MOVES)
    for name, (sources, target, event, trigger) in shown.items():
        move = MOVES[name]
        assert set(re.split(", ", sources)) == {str(state) for state in move.sources}, name
        assert (target, event) == (str(move.target), move.event), name
        assert trigger == (str(move.trigger) if move.trigger else ""), name
