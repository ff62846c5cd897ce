"""Every example of every document is run or checked, or stands in `not_run.py` with a reason."""

import json

import pytest

from tests.docs import examples
from tests.docs.not_run import NOT_RUN
from tests.docs.shell import Shell, answers
from tests.support.fences import Fence, bare, commands, fences

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


def what_is_left(fence: Fence) -> str:
    return "\n".join(each for each in commands(fence.text) if not is_listed(fence.page, each))


def to_run() -> dict[str, list[tuple[Fence, str]]]:
    """Per page: its shell examples, without what is listed."""
    found: dict[str, list[tuple[Fence, str]]] = {}
    for fence in fences():
        if fence.language in SHELL and (left := what_is_left(fence)).strip():
            found.setdefault(fence.page, []).append((fence, left))
    return found


def others() -> list[Fence]:
    return [
        fence
        for fence in fences()
        if fence.language not in SHELL
        and not is_listed(fence.page, fence.text.strip().partition("\n")[0])
    ]


RUN, OTHERS = to_run(), others()


@pytest.mark.parametrize("page", RUN)
def test_the_commands_of_a_page_run_and_answer_as_it_shows(page: str, shell: Shell) -> None:
    said = shell.run(RUN[page])
    last = ""
    for fence in fences():
        if fence.page != page:
            continue
        if fence in said:
            last = said[fence]
            assert '"/problems/' not in last, f"{fence}: {last[-2000:]}"
        elif fence.language == "json" and examples.is_answer(fence):
            got = answers(last)
            assert got, f"{fence}: nothing was answered above"
            examples.check_shape(json.loads(fence.text), got[-1])


@pytest.mark.parametrize("fence", OTHERS, ids=str)
def test_an_example_is_what_it_says(fence: Fence) -> None:
    examples.check(fence)


def test_what_is_asked_of_metrics_is_told_by_them(metrics: set[str]) -> None:
    for fence in OTHERS:
        if fence.language == "promql":
            assert set(examples.METRIC.findall(fence.text)) <= with_parts(metrics), str(fence)


def with_parts(names: set[str]) -> set[str]:
    """Histograms are asked by their parts."""
    return names | {name + part for name in names for part in ("_bucket", "_sum", "_count")}


def test_everything_that_is_listed_is_there() -> None:
    to_run(), others()
    gone = set(NOT_RUN) - used
    assert not gone, f"no document says this any more; take it out of not_run.py: {gone}"


def test_a_command_that_nobody_knows_fails(shell: Shell) -> None:
    fence = Fence("docs/page.md", 1, "sh", "no-such-command --at-all\n", "")
    with pytest.raises(AssertionError, match="no-such-command"):
        shell.run([(fence, fence.text)])
