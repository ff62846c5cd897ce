"""The examples of the documents: every fence of every Markdown file, and the commands in them."""

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
class Fence:
    """An example. `line`: where its first line stands; `above`: the words right before it."""

    page: str
    line: int
    language: str
    text: str
    above: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


@cache
def fences() -> tuple[Fence, ...]:
    """All examples, page by page, from the top to the end."""
    pages = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
    return tuple(fence for page in pages for fence in _of(page))


def _of(page: Path) -> Iterator[Fence]:
    above = ""
    for token in parse(page.read_text()):
        if token.type == "inline":
            above = words(token)
        elif token.type in ("fence", "code_block"):
            line = (token.map or [0])[0] + 2
            path = page.relative_to(ROOT).as_posix()
            yield Fence(path, line, token.info.strip(), token.content, above)


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
