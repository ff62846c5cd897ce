"""The documents under /docs: for everybody, safe, and leading to one another."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from app.runbook import Section
from app.web import doc_pages, docs
from app.web.doc_markdown import render
from app.web.doc_pages import INDEX, Library
from app.web.doc_search import look_for
from devtools.check_docs import anchors
from tests.web.conftest import said
from tests.web.test_absences import take_database_away

LIBRARY = docs.library


def nowhere(target: str) -> str | None:
    return target


class Addresses(HTMLParser):
    """The links and pictures of a page, and its ids."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.ids: set[str] = set()
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.found += [v for v in (given.get("href"), given.get("src")) if v]
        self.ids.add(given.get("id") or "")


def test_a_stranger_reads_the_index_and_a_page(visit):
    stranger = visit(None)
    assert "Glossary" in said(stranger.get("/docs"))
    page = stranger.get("/docs/runbook")
    assert "Nothing moves" in said(page)
    assert 'aria-current="page"' in page.text


def test_every_page_is_named_by_the_index_or_stands_in_a_folder_that_is():
    named = {name for group in LIBRARY.groups() for name in group.names}
    missing = {name for name in LIBRARY.paths() if name not in named | {INDEX, "about/readme"}}
    assert {name for name in missing if not name.startswith("adr/")} == set()


def test_every_link_of_every_page_leads_somewhere(visit):
    ids = {
        page.name: Addresses(page.document.html).ids | {""}  # no anchor: its top
        for page in LIBRARY.pages()
    }
    files = set()
    for page in LIBRARY.pages():
        for target in Addresses(page.document.html).found:
            path, _, anchor = target.partition("#")
            if path.startswith("/docs/files/"):
                files.add(path)
            elif path == "" or path.startswith("/docs"):
                name = path.removeprefix("/docs").strip("/") if path else page.name
                assert anchor in ids[name], f"{page.path}: {target}"
    stranger = visit(None)
    assert "/docs/files/Procfile" in files
    for path in files:
        answer = stranger.get(path)
        assert answer.status_code == 200, path
        assert answer.content_type.startswith(("text/plain", "image/")), path
        answer.close()


def test_headings_have_the_names_that_code_hosts_give_them():
    for page in LIBRARY.pages():
        ours = {each.anchor for each in page.document.sections if each.anchor}
        assert ours <= anchors((LIBRARY.root / page.path).read_text()), page.path


def test_each_page_has_one_title():
    for page in LIBRARY.pages():
        assert len(re.findall("<h1", page.document.html)) == 1, page.path


@pytest.mark.parametrize("path", ["/docs/files/app/config.py", "/docs/files/../pyproject.toml"])
def test_a_file_that_no_document_links_to_is_not_shown(visit, path):
    assert visit(None).get(path).status_code == 404


@pytest.mark.parametrize("name", ["nothing", "../README", "about/../runbook", "adr/"])
def test_a_page_that_is_not_there_is_not_found(visit, name):
    assert visit(None).get(f"/docs/{name}").status_code == 404


@pytest.mark.parametrize(
    ("old", "new"),
    [("operations", "runbook"), ("api.md", "api"), ("README.md", ""), ("adr/README.md", "adr")],
)
def test_old_names_and_those_of_files_lead_to_the_page(visit, old, new):
    assert visit(None).get(f"/docs/{old}").location == f"/docs/{new}".rstrip("/")


def test_pages_are_read_while_the_database_is_away(operator, settings):
    take_database_away(settings)
    page = operator.get("/docs/runbook")
    assert page.status_code == 200
    assert "The database is away" in said(page)


def test_markup_and_scripts_in_a_document_are_text():
    text = (
        "<script>alert(1)</script>\n\n[go](javascript:alert(1)) <b onclick=x>b</b> "
        "[go](data:text/html,x)\n\n| a |\n| --: |\n| <i style=x>1</i> |\n\n```<x>\n</pre>\n```"
    )
    html = render(text, nowhere).html
    for wrong in ("<script", "<b ", "<i ", 'href="javascript', 'href="data', 'style="', "<x>"):
        assert wrong not in html, wrong
    assert html.count("</pre>") == 1


def test_a_changed_file_is_rendered_anew(tmp_path: Path):
    (tmp_path / "docs").mkdir()
    page = tmp_path / "docs" / "page.md"
    page.write_text("# One\n")
    library = Library(tmp_path)
    first = library.find("page")
    assert first and first.title == "One" and library.find("page") is first
    page.write_text("# Two, and longer\n")
    found = library.find("page")
    assert found and found.title == "Two, and longer"


def test_a_page_lists_the_files_once_and_finds_a_new_one_later(tmp_path: Path, monkeypatch):
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "README.md").write_text("# Index\n\n- [One](one.md)\n")
    (tmp_path / "docs" / "one.md").write_text("# One\n")
    library, listed = Library(tmp_path), list[int]()
    look = library._list
    monkeypatch.setattr(library, "_list", lambda: listed.append(1) or look())
    monkeypatch.setattr(docs, "library", library)
    assert [page.title for _, pages in docs.places() for page in pages] == ["One"]
    assert library.find("two") is None and len(library.pages()) == 2
    assert len(listed) == 1
    (tmp_path / "docs" / "two.md").write_text("# Two\n")
    monkeypatch.setattr(doc_pages, "LISTED_FOR", -1)
    assert library.find("two")


def test_links_lead_to_pages_files_or_nowhere(tmp_path: Path):
    (tmp_path / "docs" / "adr").mkdir(parents=True)
    for path in ("docs/adr/0001-a.md", "docs/b.md", "CHANGELOG.md", "Procfile"):
        (tmp_path / path).write_text("# Title\n")
    (tmp_path / "docs" / "adr" / "README.md").write_text(
        "# T\n[a](0001-a.md#x) [b](../b.md) [c](../../CHANGELOG.md) [d](../../Procfile)"
        " [e](../) [f](../../../etc/passwd) [g](README.md)"
    )
    page = Library(tmp_path).find("adr")
    assert page
    assert Addresses(page.document.html).found == [
        "/docs/adr/0001-a#x",
        "/docs/b",
        "/docs/about/changelog",
        "/docs/files/Procfile",
        "/docs/adr",
    ]


def test_search_lists_sections_that_hold_all_words_headings_first(visit):
    page = visit(None).get("/docs?q=poisoned+worker")
    assert "/docs/runbook#" in page.text
    assert "<mark>" in page.text
    first = look_for("Activation", LIBRARY.pages())[0]
    assert first.href == "/docs/life-cycle#activation"


def test_a_search_that_finds_nothing_says_so_and_shows_no_markup(visit):
    page = visit(None).get("/docs?q=<b>zzz")
    assert "No section holds all of these words" in said(page)
    assert "<b>zzz" not in page.text
    assert "Type a word or two" in said(visit(None).get("/docs?q="))


def test_what_the_console_says_of_the_runbook_stands_there():
    page = LIBRARY.find("runbook")
    assert page
    assert {*Section} <= {each.anchor for each in page.document.sections}


def test_a_column_without_a_heading_has_no_heading_cell():
    html = render("| a | |\n| --- | --- |\n| 1 | 2 |", nowhere).html
    assert html.count("<th>") == html.count("</th>") == 1
    assert html.count("<td>") == html.count("</td>") == 3
