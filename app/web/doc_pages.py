"""The documents that come with Runsheet: docs/ of the checkout, and the Markdown files beside it.

Each has a name, which is its address below /docs: `runbook`, `adr/0011-bulkhead`,
`about/changelog`. Links between them lead from name to name; those to other files of the
checkout lead to the file as it is."""

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, unquote

from app import clock
from app.web.doc_markdown import Document, Section, render, words

ROOT = Path(__file__).resolve().parents[2]
LISTED_FOR = 5.0  # seconds
INDEX = ""  # the name of docs/README.md
_ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*:|//", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Page:
    """One document. `files`: paths of other files of the checkout that it links to."""

    name: str
    path: str
    document: Document
    files: frozenset[str]

    @property
    def title(self) -> str:
        return self.document.title

    @property
    def contents(self) -> list[Section]:
        """What 'on this page' lists."""
        return [each for each in self.document.sections if each.level in (2, 3) and each.title]


@dataclass(frozen=True, slots=True)
class Group:
    """Some documents of the index, under the words that stand above them there."""

    title: str
    names: list[str] = field(default_factory=list)


class Library:
    """Renders each document once, and again when its file has changed. Which files there are is
    looked up every few seconds at most: one page asks for all of them again and again."""

    def __init__(self, root: Path = ROOT) -> None:
        self.root = root
        self._kept: dict[str, tuple[int, Page]] = {}
        self._paths: tuple[float, dict[str, Path]] = float("-inf"), {}

    def paths(self) -> dict[str, Path]:
        """The file of each name."""
        now = clock.monotonic()
        if now - self._paths[0] > LISTED_FOR:
            self._paths = now, self._list()
        return self._paths[1]

    def _list(self) -> dict[str, Path]:
        files = sorted([*self.root.glob("docs/**/*.md"), *self.root.glob("*.md")])
        named = ((name_of(path.relative_to(self.root).as_posix()), path) for path in files)
        return {name: path for name, path in named if name is not None}

    def find(self, name: str) -> Page | None:
        path = self.paths().get(name)
        return self._read(name, path) if path else None

    def pages(self) -> list[Page]:
        """All of them, in the order of the index; those it does not name come last."""
        paths = self.paths()
        named = [name for group in self.groups() for name in group.names if name in paths]
        return [self._read(name, paths[name]) for name in dict.fromkeys([INDEX, *named, *paths])]

    def groups(self) -> list[Group]:
        """The index: each of its lists, with the line above it."""
        index = self.find(INDEX)
        return list(_groups(index)) if index else []

    def linked_file(self, path: str) -> Path | None:
        """A file of the checkout, if a document links to it. Others are nobody's business."""
        return self.root / path if any(path in page.files for page in self.pages()) else None

    def _read(self, name: str, path: Path) -> Page:
        modified = path.stat().st_mtime_ns
        kept = self._kept.get(name)
        if kept is None or kept[0] != modified:
            kept = self._kept[name] = modified, self._render(name, path)
        return kept[1]

    def _render(self, name: str, path: Path) -> Page:
        files: set[str] = set()
        here = path.relative_to(self.root).as_posix()
        document = render(path.read_text(), lambda target: self._lead(here, target, files))
        return Page(name, here, document, frozenset(files))

    def _lead(self, here: str, target: str, files: set[str]) -> str | None:
        """Where a link of the document at `here` leads in the console."""
        if _ELSEWHERE.match(target) or target.startswith("#"):
            return target
        given, _, anchor = target.partition("#")
        path = posixpath.normpath(posixpath.join(posixpath.dirname(here), unquote(given)))
        if path.startswith("../") or not (self.root / path).is_file():
            return None
        name = name_of(path)
        if name is not None:
            return address(name) + (f"#{anchor}" if anchor else "")
        files.add(path)
        return f"/docs/files/{quote(path)}"


def address(name: str) -> str:
    return f"/docs/{quote(name)}".rstrip("/")


def name_of(path: str) -> str | None:
    """The name of a Markdown file of the checkout; None for other files."""
    folder, _, file = path.rpartition("/")
    stem, dot, kind = file.rpartition(".")
    if not dot or kind != "md":
        return None
    if folder == "":
        return f"about/{stem.lower()}"
    if folder != "docs" and not folder.startswith("docs/"):
        return None
    below = folder.removeprefix("docs").strip("/")
    return below if stem == "README" else posixpath.join(below, stem)


def _groups(index: Page) -> Iterator[Group]:
    group: Group | None = None
    above = ""
    for token in index.document.tokens:
        if token.type == "bullet_list_open":
            group = Group(above.rstrip(":"))
        elif token.type == "bullet_list_close" and group:
            yield group
            group = None
        elif token.type == "inline" and group is None:
            above = words(token)
        elif token.type == "inline" and group:
            links = [each for each in token.children or () if each.type == "link_open"]
            hrefs = [str(each.attrs.get("href", "")) for each in links]
            names = [href.removeprefix("/docs/").partition("#")[0] for href in hrefs]
            group.names.extend(each for each in names if not each.startswith("files/"))
