"""The runbook's drills: each injects its fault into a real bin/dev, sees what an operator sees,
cures it as the runbook says, and checks the cure."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from devtools.drills import scenes
from devtools.drills.__main__ import main, play
from devtools.drills.drill import Drill
from devtools.drills.private import private_site, private_site_on_postgresql
from devtools.drills.site import NotADevEnvironment, Site, running_on

ON_ONE = pytest.mark.xdist_group("drills")  # of two environments that start side by side
ON_OTHER = pytest.mark.xdist_group("drills-postgresql")
ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "runbook" / "drills.md").read_text()
RUNBOOK = (ROOT / "docs" / "runbook.md").read_text()
RULES = {
    rule["alert"]: rule["expr"]
    for group in yaml.safe_load((ROOT / "deploy/prometheus/alerts.yml").read_text())["groups"]
    for rule in group["rules"]
}
ALERT = re.compile(r"^  alert  (\w+): (\w+)", re.M)
ON_SQLITE = [name for name in scenes.NAMES if not scenes.needs_postgresql(name)]
ON_POSTGRESQL = [name for name in scenes.NAMES if scenes.needs_postgresql(name)]


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    """A bin/dev that all drills share: each leaves it as it was."""
    with private_site() as site:
        yield site


@pytest.fixture(scope="module")
def site_on_postgresql() -> Iterator[Site]:
    with private_site_on_postgresql() as site:
        yield site


def row(name: str) -> str:
    """What the table of drills says of one."""
    (found,) = re.findall(rf"^\| `{name}` \|.*$", PAGE, re.M)
    return found


def play_out(name: str, site: Site) -> None:
    said: list[str] = []
    drill = Drill(name, site, said.append)
    good = play(drill)
    assert good, "\n".join([*said, "", (site.var / "dev.log").read_text()[-4000:]])
    for alert in drill.alerts:
        assert f"### {alert}\n" in RUNBOOK
    for alert, metric in ALERT.findall("\n".join(said)):
        assert metric in RULES[alert], f"{metric} is not what the rule of {alert} reads"
    assert {*drill.alerts} == set(re.findall(r"\[(Runsheet\w+)\]", row(name)))
    assert any(line.startswith("  over ") for line in said)


@ON_ONE
@pytest.mark.parametrize("name", ON_SQLITE)
def test_the_cure_of_the_runbook_works(name, site):
    play_out(name, site)


@ON_OTHER
@pytest.mark.parametrize("name", ON_POSTGRESQL)
def test_the_cure_works_on_postgresql(name, site_on_postgresql):
    play_out(name, site_on_postgresql)


@ON_ONE
def test_what_is_no_bin_dev_is_refused(tmp_path, site, monkeypatch, capsys):
    with pytest.raises(NotADevEnvironment, match="No bin/dev runs on"):
        running_on(tmp_path)
    assert running_on(site.var).console == site.console
    monkeypatch.setattr(sys, "argv", ["bin/drill", "deploy", "--var", str(tmp_path)])
    assert main() == 2
    assert capsys.readouterr().err.startswith("error: No bin/dev runs on")


@ON_OTHER
def test_a_bin_dev_whose_database_was_given_to_it_is_refused(site_on_postgresql):
    with pytest.raises(NotADevEnvironment, match="was given its DATABASE_URL"):
        running_on(site_on_postgresql.var)


def test_the_page_of_drills_names_all_of_them_and_so_do_the_alerts():
    assert sorted(re.findall(r"^\| `([a-z-]+)` \|", PAGE, re.M)) == scenes.NAMES
    named = re.findall(r"^- Drills?: (.*)\.$", RUNBOOK, re.M)
    assert {name.strip("`") for line in named for name in line.split(", ")} <= {*scenes.NAMES}
    assert {*RULES} == set(re.findall(r"\[(Runsheet\w+)\]", PAGE)), "each alert has its drill"
