"""Every example of every document is run or checked, or stands in `not_run.py` with a reason."""

import json

import pytest

from tests.docs import checks
from tests.docs.not_run import NOT_RUN
from tests.docs.shell import Shell, answers
from tests.support.documents import Example, bare, commands, examples

pytestmark = pytest.mark.xdist_group("docs")
SHELL = ("sh", "bash", "shell", "console")
used: set[tuple[str, str]] = set()


def is_listed(page: str, command: str) -> bool:
    """Whether a command, or another example by its first line, is not to be run."""
    for key in NOT_RUN:
        if key[0] == page and (key[1] == "*" or bare(command).startswith(key[1])):
            used.add(key)
            return True
    return False


def what_is_left(example: Example) -> str:
    return "\n".join(each for each in commands(example.text) if not is_listed(example.page, each))


def to_run() -> dict[str, list[tuple[Example, str]]]:
    """Per page: its shell examples, without what is listed."""
    found: dict[str, list[tuple[Example, str]]] = {}
    for example in examples():
        if example.language in SHELL and (left := what_is_left(example)).strip():
            found.setdefault(example.page, []).append((example, left))
    return found


def others() -> list[Example]:
    return [
        example
        for example in examples()
        if example.language not in SHELL
        and not is_listed(example.page, example.text.strip().partition("\n")[0])
    ]


RUN, OTHERS = to_run(), others()


@pytest.mark.parametrize("page", RUN)
def test_the_commands_of_a_page_run_and_answer_as_it_shows(page: str, shell: Shell) -> None:
    said = shell.run(RUN[page])
    last = ""
    for example in examples():
        if example.page != page:
            continue
        if example in said:
            last = said[example]
            assert '"/problems/' not in last, f"{example}: {last[-2000:]}"
        elif example.language == "json" and checks.is_answer(example):
            got = answers(last)
            assert got, f"{example}: nothing was answered above"
            checks.check_shape(json.loads(example.text), got[-1])


@pytest.mark.parametrize("example", OTHERS, ids=str)
def test_an_example_is_what_it_says(example: Example) -> None:
    checks.check(example)


def test_what_is_asked_of_metrics_is_told_by_them(metrics: set[str]) -> None:
    for example in OTHERS:
        if example.language == "promql":
            assert set(checks.METRIC.findall(example.text)) <= with_parts(metrics), str(example)


def with_parts(names: set[str]) -> set[str]:
    """Histograms are asked by their parts."""
    return names | {name + part for name in names for part in ("_bucket", "_sum", "_count")}


def test_everything_that_is_listed_is_there() -> None:
    to_run()
    others()
    gone = set(NOT_RUN) - used
    assert not gone, f"no document says this any more; take it out of not_run.py: {gone}"


def test_a_command_that_nobody_knows_fails(shell: Shell) -> None:
    example = Example("docs/page.md", 1, "sh", "no-such-command --at-all\n", "")
    with pytest.raises(AssertionError, match="no-such-command"):
        shell.run([(example, example.text)])
