"""What the documents show of the code is what the code says."""

import re

from app.domain.lifecycle import MOVES
from app.models.vocabulary import Channel
from app.schemas.actions import ACTION_TYPES
from devtools import life_cycle_picture
from tests.support.documents import ROOT

NAMED = re.compile(r"`(tests/[\w/]+\.py)(?:::(\w+))?`")
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


def test_every_test_that_a_document_names_is_there() -> None:
    named = 0
    for page in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]:
        for path, test in NAMED.findall(page.read_text()):
            named += 1
            where = f"{page.name}: {path}"
            assert (ROOT / path).is_file(), where
            assert not test or f"def {test}(" in (ROOT / path).read_text(), f"{where}::{test}"
    assert named > 50


def test_every_decision_stands_in_the_list_of_decisions() -> None:
    folder = ROOT / "docs" / "adr"
    listed = (folder / "README.md").read_text()
    for page in folder.glob("0*.md"):
        title = page.read_text().partition("\n")[0]
        assert f"[{page.name[:4]}]({page.name})" in listed, page.name
        assert title.startswith("# "), page.name


def test_every_action_type_and_channel_is_explained_and_has_a_word_and_a_shape() -> None:
    pages = {name: (ROOT / "docs" / name).read_text() for name in ("glossary.md", "authoring.md")}
    words, shapes = (
        (ROOT / "app" / "templates" / name).read_text()
        for name in ("_action_type.html", "_action_sprite.html")
    )
    for name in ACTION_TYPES:
        assert f"`{name}`" in pages["glossary.md"] and name in pages["authoring.md"], name
        assert f'"{name}"' in words, f"{name}: give it a word in _action_type.html"
        assert f'id="action-{name}"' in shapes, f"{name}: draw it in _action_sprite.html"
    for channel in Channel:
        assert channel in pages["glossary.md"], channel
