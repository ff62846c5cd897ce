"""Commands that no test runs, such as those in sentences and tables, name what there is."""

import re
import shlex
from collections.abc import Callable, Iterator

import click
import pytest

from app import create_app
from app.config import Settings
from tests.conftest import environment
from tests.support.documents import ROOT, bare, commands, examples, inline_codes

FLASK = re.compile(r"(?:\.venv/bin/)?flask\b(?! --app app run)")
BUILT_IN = ("--help", "--version")


def said() -> Iterator[tuple[str, str]]:
    """Every command of every page: (page, command)."""
    yield from inline_codes()
    for example in examples():
        if example.language == "sh":
            yield from ((example.page, bare(each)) for each in commands(example.text))


def those(of: Callable[[str], object]) -> list[tuple[str, str]]:
    found = sorted({(page, text) for page, text in said() if of(text)})
    assert found
    return found


@pytest.fixture(scope="module")
def group() -> click.Group:
    return create_app(Settings.load(environment(DATABASE_URL="sqlite://"))).cli


def fault(group: click.Group, text: str) -> str:
    """What of a `flask …` is not there; empty if all is."""
    words = [word for word in shlex.split(text)[1:] if word not in ("--app", "app")]
    command: click.Command = group
    for word in words:
        if word.startswith("--"):
            known = [name for each in command.params for name in each.opts + each.secondary_opts]
            if word.partition("=")[0] not in [*known, *BUILT_IN]:
                return f"{command.name} has no {word}"
        elif isinstance(command, click.Group):
            if word == "…":
                break
            gone = [name for name in word.split("|") if name not in command.commands]
            if gone:
                return f"there is no command {gone[0]}"
            command = command.commands[word.split("|")[0]]
    return ""


def test_commands_of_flask_are_there_with_their_options(group: click.Group) -> None:
    for page, text in those(FLASK.match):
        assert not fault(group, text), f"{page}: {text}: {fault(group, text)}"


def test_a_command_or_an_option_that_is_not_there_is_found(group: click.Group) -> None:
    assert fault(group, "flask --app app secrets rotat KEY") == "there is no command rotat"
    assert fault(group, "flask tokens create --rol admin") == "create has no --rol"
    assert fault(group, ".venv/bin/flask --app app db downgrade 0009") == ""


def test_scripts_are_there() -> None:
    for page, text in those(re.compile(r"(\w+=\S+ )*bin/\w").match):
        (script,) = re.findall(r"\bbin/[\w-]+", text)[:1]
        assert (ROOT / script).is_file(), f"{page}: {text}"


def test_compose_is_told_where_its_secrets_are() -> None:
    for page, text in those(re.compile("docker compose ").match):
        assert " --env-file runsheet.env " in text, f"{page}: {text}"
