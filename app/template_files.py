"""Files of templates, as repositories keep them: found, read, and what is said of them."""

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.domain import template_texts
from app.domain.findings import Finding
from app.domain.half_done import mapping, text
from app.errors import Malformed

STDIN = "-"


@dataclass(frozen=True, slots=True)
class TemplateFile:
    """A file and the document in it; `fault`: why it could not be read."""

    name: str
    document: Any = None
    fault: str | None = None

    @property
    def key(self) -> str:
        """The template's key, as far as the document has one."""
        return text(mapping(self.document).get("key"))


def read_all(places: Iterable[str]) -> list[TemplateFile]:
    """The files at these places: files, folders with files in them (.yaml, .yml, .json), and `-`
    for standard input; those of a folder in the order of their names."""
    files = [file for place in places for file in _read(place)]
    return [*_with_twins_told(files)]


def _read(place: str) -> Iterator[TemplateFile]:
    path = Path(place)
    if place == STDIN:
        yield _parsed("stdin", sys.stdin.buffer.read(), None)
    elif path.is_dir():
        inside = sorted(one for one in path.iterdir() if one.suffix in template_texts.SUFFIXES)
        for one in inside:
            yield _of_file(one)
        if not inside:
            yield TemplateFile(place, fault="There is no .yaml, .yml or .json file in it.")
    else:
        yield _of_file(path)


def _of_file(path: Path) -> TemplateFile:
    try:
        raw = path.read_bytes()
    except OSError as error:
        return TemplateFile(str(path), fault=f"{error.strerror}.")
    return _parsed(str(path), raw, template_texts.SUFFIXES.get(path.suffix))


def _parsed(name: str, raw: bytes, form: template_texts.Format | None) -> TemplateFile:
    try:
        return TemplateFile(name, template_texts.read(raw, form))
    except Malformed as fault:
        return TemplateFile(name, fault=fault.message)


def _with_twins_told(files: Iterable[TemplateFile]) -> Iterator[TemplateFile]:
    seen: dict[str, str] = {}
    for file in files:
        if file.key and file.key in seen:
            yield TemplateFile(file.name, fault=f"{seen[file.key]} has the key {file.key!r} too.")
        else:
            seen[file.key] = file.name
            yield file


def lines(file: TemplateFile, found: Iterable[Finding]) -> Iterator[str]:
    """What is found of a file, a line each: `file:path: message`, or `file:path: hint: message`."""
    for one in found:
        place = f"{file.name}:{one.path}" if one.path else file.name
        kind = "" if one.severity == "error" else f"{one.severity}: "
        yield f"{place}: {kind}{one_line(one.message)}"


def one_line(message: str) -> str:
    """Without line breaks, whatever the author's text in it holds."""
    return " ".join(message.split())
