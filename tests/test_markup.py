"""Text becomes markup in few places, each with its reason; everywhere else it is escaped."""

import ast
import re
from pathlib import Path

import pytest
from flask import Flask

from tests.conftest import Factory
from tests.test_architecture import ROOT, calls, modules, none_of

# Who says of words of their own that they are markup; what they fill in is escaped by `format`.
MARKUP = {
    "app/api/doc_pages.py": "words between backticks as <code>",
    "app/web/absences.py": "banners with a name in <code>",
    "app/web/doc_markdown.py": "what markdown-it made, with HTML off",
    "app/web/doc_search.py": "an excerpt with <mark>",
    "app/web/sentences.py": "sentences with a <time>",
    "app/web/view_models.py": "a link to the schedule that started it",
    "app/web/words.py": "what a macro gave, which escapes",
}
# Where it is not written out, but comes from elsewhere.
MADE = {
    "app/web/doc_markdown.py": "what markdown-it made, with HTML off",
    "app/web/words.py": "what a macro gave, which escapes",
}
UNESCAPED = re.compile(r"\|\s*(safe|xmlattr)\b|autoescape|\bMarkup\b")
FROM_TEXT = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|createContextualFragment|DOMParser|srcdoc"
    r"|document\.write|setHTML|parseHTML"
)


@pytest.fixture
def factory(with_doors: Factory) -> Factory:
    return with_doors


def files(folder: str, kind: str) -> list[Path]:
    return sorted((ROOT / folder).rglob(kind))


def test_every_template_escapes(app: Flask) -> None:
    names = app.jinja_env.list_templates()
    assert len(names) > 100
    none_of(
        (name for name in names if not app.select_jinja_autoescape(name)),
        "Call it .html: Flask escapes by a template's name.",
    )


def test_no_template_takes_text_for_markup() -> None:
    none_of(
        (
            f"{path.relative_to(ROOT)}:{number}"
            for path in files("app/templates", "*")
            if path.is_file()
            for number, line in enumerate(path.read_text().splitlines(), start=1)
            if UNESCAPED.search(line)
        ),
        "Let it be escaped; make markup from markup of your own and Markup.format.",
    )


def test_words_that_are_markup_stand_in_few_files() -> None:
    found = {
        path
        for path, tree in modules("app", "workers")
        for _, name in calls(tree)
        if name.split(".")[-1] == "Markup"
    }
    assert found == set(MARKUP), "enter the file with its reason, or take it out"


def test_markup_is_written_out_and_filled_in_by_format() -> None:
    none_of(
        (
            f"{path}:{node.lineno}"
            for path, tree in modules("app", "workers")
            if path not in MADE
            for node in ast.walk(tree)
            if isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id == "Markup"
            and not all(isinstance(argument, ast.Constant) for argument in node.args)
        ),
        'Write Markup("… {} …").format(value): it escapes the value.',
    )


def test_nothing_says_of_itself_that_it_is_markup() -> None:
    none_of(
        (
            f"{path}:{node.lineno}"
            for path, tree in modules("app")
            for node in ast.walk(tree)
            if isinstance(node, ast.FunctionDef) and node.name == "__html__"
        ),
        "Jinja would not escape it.",
    )


def test_no_script_of_ours_makes_elements_from_text() -> None:
    none_of(
        (
            f"{path.relative_to(ROOT)}:{number}"
            for path in files("app/static/js", "*.js")
            for number, line in enumerate(path.read_text().splitlines(), start=1)
            if FROM_TEXT.search(line)
        ),
        "Use textContent, or a <template> that the server has escaped.",
    )
