"""The version stands in several places and is one."""

import re
import tomllib

from app.version import VERSION
from tests.support.processes import ROOT

SEMANTIC = r"(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)(?:-[0-9A-Za-z.-]+)?"


def headings(page: str, level: int) -> list[str]:
    text = (ROOT / page).read_text()
    return re.findall(rf"^{'#' * level} (.+)$", text, re.MULTILINE)


def released() -> dict[str, str]:
    """The versions of the changelog, the newest first, and when they came."""
    found = [
        re.fullmatch(rf"({SEMANTIC}) – (unreleased|\d{{4}}-\d\d-\d\d)", heading)
        for heading in headings("CHANGELOG.md", 2)
    ]
    assert all(found), "a heading of the changelog reads: ## 1.2.3 – 2026-11-30 (or unreleased)"
    return {match[1]: match[2] for match in found if match}


def in_order(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.partition("-")[0].split(".")))


def test_the_package_and_the_program_have_the_same_version():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["version"] == VERSION
    assert re.fullmatch(SEMANTIC, VERSION)


def test_the_newest_version_of_the_changelog_is_this_one_and_older_ones_were_released():
    versions = released()
    assert next(iter(versions)) == VERSION
    assert list(versions) == sorted(versions, key=in_order, reverse=True)
    assert "unreleased" not in list(versions.values())[1:]


def test_what_each_version_needs_is_said():
    said = [heading for heading in headings("UPGRADING.md", 3) if re.fullmatch(SEMANTIC, heading)]
    assert said == list(released())


def test_what_each_migration_needs_is_said():
    rows = re.findall(
        r"^\| (\d{4})(?:–(\d{4}))? \|", (ROOT / "UPGRADING.md").read_text(), re.MULTILINE
    )
    said = [n for first, last in rows for n in range(int(first), int(last or first) + 1)]
    there = [int(path.name[:4]) for path in (ROOT / "migrations" / "versions").glob("[0-9]*.py")]
    assert said == sorted(there), (
        "say in UPGRADING.md what a new migration needs, if only: Nothing."
    )
