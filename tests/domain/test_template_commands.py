"""`flask --app app templates …`: exported, checked and brought in from files, for pipelines."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from app import create_app, transaction
from app.config import Settings
from app.domain import templates
from app.schemas.yaml_text import dumps_yaml, loads_yaml
from tests.conftest import environment
from tests.support.workflows import publish, task, webhook

ORDER: dict[str, Any] = {"key": "order", "name": "Order", "steps": [task("pack")]}
Run = Callable[..., Result]


@pytest.fixture
def factory(with_doors):
    return with_doors


@pytest.fixture
def run(app, tmp_path, monkeypatch) -> Run:
    """Runs a command in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    return lambda *said: app.test_cli_runner().invoke(args=["templates", *said])


def keep(name: str, document: Any) -> None:
    text = document if isinstance(document, str) else dumps_yaml(document)
    Path(name).parent.mkdir(exist_ok=True)
    Path(name).write_text(text)


def stood(key: str) -> tuple[str, int, int | None] | None:
    """A template's name, draft revision and newest version; None: there is none."""
    with transaction.reading() as session:
        row = templates.find_by_key(session, key)
        return row and (row.name, row.draft_revision, row.newest_version)


def test_one_goes_to_standard_output_and_more_into_a_folder(run):
    publish(task("a"), key="one")
    assert loads_yaml(run("export").stdout.encode())["key"] == "one"
    publish(task("b"), key="two")
    assert run("export", "two", "--format", "json").stdout.startswith('{\n  "key": "two",')
    refused = run("export")
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "--to: these are 2 templates" in refused.stderr
    assert run("export", "--to", "files").stdout == "files/one.yaml\nfiles/two.yaml\n"
    assert "no template with the key ghost" in run("export", "one", "ghost").stderr


def test_what_is_found_of_files_is_told_in_lines_and_nothing_is_written(run):
    keep("files/a.yaml", ORDER)
    keep("files/b.yml", ORDER | {"key": "b", "steps": [webhook("send", config={"url": "x"})]})
    keep("files/c.json", "{")
    keep("files/readme.md", "not one of them")
    result = run("check", "files")
    assert result.exit_code == 1
    lines = [line for line in result.stdout.splitlines() if "warning" not in line]
    assert lines[0].startswith("files/b.yml:steps.0.actionConfig.url: ")
    assert lines[1].startswith("files/c.json: The body is not JSON")
    assert len(lines) == 2
    assert stood("order") is None


def test_warnings_fail_where_that_is_asked_for_and_hints_never_do(run):
    keep("order.yaml", ORDER | {"steps": [task("a", assignee="role:author"), task("b", "a")]})
    warning = "order.yaml:steps.0.assignee: warning: Nobody can do it"
    assert run("check", "order.yaml").exit_code == 0
    strict = run("check", "order.yaml", "--strict")
    assert (strict.exit_code, warning in strict.stdout) == (1, True)
    keep("order.yaml", ORDER | {"steps": [webhook("a")]})
    hints = run("check", "order.yaml", "--strict", "--hints")
    assert (hints.exit_code, ": hint: No policy tells" in hints.stdout) == (0, True)


def test_without_a_database_what_is_named_is_taken_to_be_there(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    keep("order.yaml", ORDER | {"steps": [webhook("a", config={"signingSecret": "KEY"})]})
    nowhere = environment(DATABASE_URL=f"sqlite:///{tmp_path}/empty.db")
    runner = create_app(Settings.load(nowhere)).test_cli_runner()
    result = runner.invoke(args=["templates", "check", "order.yaml", "--offline", "--strict"])
    assert (result.exit_code, result.stdout) == (0, "")
    keep("order.yaml", ORDER | {"steps": [task("a", "ghost")]})
    result = runner.invoke(args=["templates", "check", "order.yaml", "--offline"])
    assert "order.yaml:steps.0.dependsOn.0: There is no step" in result.stdout
    assert result.exit_code == 1


def test_files_come_in_and_what_says_the_same_is_left_alone(run):
    keep("order.yaml", ORDER)
    keep("other.yaml", ORDER | {"key": "other"})
    said = ("import", "order.yaml", "other.yaml", "--publish", "--note", "From the repository")
    assert run(*said).stdout == (
        "order: a new template, published as version 1\n"
        "other: a new template, published as version 1\n"
    )
    keep("order.yaml", ORDER | {"name": "Orders"})
    assert run(*said).stdout == ("order: a new draft, published as version 2\nother: unchanged\n")
    assert stood("order") == ("Orders", 2, 2)
    assert stood("other") == ("Order", 1, 1)


def test_what_would_come_of_it_can_be_asked_without_doing_it(run):
    keep("order.yaml", ORDER)
    assert run("import", "order.yaml", "--check").stdout == "order: a new template\n"
    assert stood("order") is None


def test_all_come_in_or_none(run):
    keep("files/a.yaml", ORDER)
    keep("files/b.yaml", ORDER | {"key": "b", "steps": [task("a", "ghost")]})
    keep("files/c.yaml", ORDER)
    result = run("import", "files")
    assert result.exit_code == 1
    assert result.stdout.splitlines() == [
        "files/b.yaml:steps.0.dependsOn.0: There is no step with the key 'ghost'.",
        "files/c.yaml: files/a.yaml has the key 'order' too.",
    ]
    assert stood("order") is None


@pytest.mark.parametrize("place", ["nowhere.yaml", "empty"])
def test_a_place_without_a_template_is_told(run, place):
    Path("empty").mkdir()
    result = run("import", place)
    assert result.exit_code == 1
    assert result.stdout.startswith(f"{place}: ")


def test_what_is_piped_in_comes_in_too(run, app):
    runner = app.test_cli_runner()
    result = runner.invoke(args=["templates", "import", "-"], input=dumps_yaml(ORDER))
    assert result.stdout == "order: a new template\n"
    broken = runner.invoke(args=["templates", "check", "-"], input="a: [")
    assert broken.stdout.startswith("stdin: The body is not YAML")
