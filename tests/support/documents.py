"""The examples of the documents: each fenced block of each Markdown file, and its commands."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from app.web.doc_markdown import parse, words

ROOT = Path(__file__).parents[2]
# How a line begins that would be a command which nobody runs.
_PROGRAMS = "bin/|\\.venv/|flask|curl|call|docker|python3?|git|pip|psql|systemctl|sudo"
COMMAND = re.compile(rf"(\$|>|[A-Z_]+=\S+) |({_PROGRAMS})\b")


@dataclass(frozen=True, slots=True)
class Example:
    """An example. `line`: where its first line stands; `above`: the words right before it."""

    page: str
    line: int
    language: str
    text: str
    above: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


@cache
def examples() -> tuple[Example, ...]:
    """All examples, page by page, from the top to the end."""
    return tuple(example for page in _pages() for example in _of(page))


def _pages() -> list[Path]:
    return sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])


def _of(page: Path) -> Iterator[Example]:
    above = ""
    for token in parse(page.read_text()):
        if token.type == "inline":
            above = words(token)
        elif token.type in ("fence", "code_block"):
            line = (token.map or [0])[0] + 2
            path = page.relative_to(ROOT).as_posix()
            yield Example(path, line, token.info.strip(), token.content, above)


def block(page: str, *words: str) -> str:
    """The one shell example on a page, such as `docs/backup.md`, that has these words."""
    (found,) = [
        each.text
        for each in examples()
        if (each.page, each.language) == (page, "sh") and all(word in each.text for word in words)
    ]
    return found


def inline_codes() -> Iterator[tuple[str, str]]:
    """What stands as `code` within the sentences and tables of a page: (page, code)."""
    for page in _pages():
        for token in parse(page.read_text()):
            for child in token.children or ():
                if child.type == "code_inline":
                    yield page.relative_to(ROOT).as_posix(), child.content


def commands(text: str) -> list[str]:
    """The commands of a shell example, each with its continuation lines."""
    found: list[str] = []
    held: list[str] = []
    for line in text.splitlines():
        held.append(line)
        if is_whole("\n".join(held)):
            found.append("\n".join(held))
            held = []
    return [each for each in [*found, "\n".join(held)] if each.strip()]


def is_whole(text: str) -> bool:
    if text.endswith("\\") or re.search(r"<<-?\s*['\"]?(\w+)['\"]?[^\n]*\n(?!(.*\n)*\1$)", text):
        return False
    try:
        shlex.split(text, comments=True)
    except ValueError:
        return False  # a quotation that goes on
    return True


def bare(command: str) -> str:
    """A command without the comment behind it."""
    return re.sub(r"\s+#\s.*$", "", command).strip()
