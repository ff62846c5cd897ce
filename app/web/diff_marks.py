"""Two values as texts, with the words that differ marked."""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from app.domain.value_diff import ABSENT

MOST_WORDS = 3000  # beyond this the matching takes too long, and nobody looks for single words
LEAST_ALIKE = 0.3  # below this marks of single words are only noise
LINE = 100  # characters of JSON that need no lines of their own
_WORD = re.compile(r"\s+|\w+|[^\w\s]")


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a text; `differs` from the other text."""

    text: str
    differs: bool


Side = list[Part] | None  # None: there is nothing


def sides(before: Any, after: Any) -> tuple[Side, Side]:
    """Both values as their readers see them."""
    then, now = _text(before), _text(after)
    if then is None or now is None:
        return _alone(then), _alone(now)
    return _marked(then, now)


def _alone(text: str | None) -> Side:
    """Nothing stands beside it: all of it differs, so nothing of it is marked."""
    return None if text is None else [Part(text, False)]


def _text(value: Any) -> str | None:
    if value is ABSENT or value is None:
        return None
    if isinstance(value, str):
        return value or "(empty)"
    line = json.dumps(value, ensure_ascii=False)
    return line if len(line) <= LINE else json.dumps(value, ensure_ascii=False, indent=2)


def _marked(before: str, after: str) -> tuple[list[Part], list[Part]]:
    then, now = _WORD.findall(before), _WORD.findall(after)
    if max(len(then), len(now)) > MOST_WORDS:
        return [Part(before, True)], [Part(after, True)]
    matcher = SequenceMatcher(None, then, now, autojunk=False)
    if matcher.ratio() < LEAST_ALIKE:
        return [Part(before, True)], [Part(after, True)]
    runs = matcher.get_opcodes()
    return (
        _parts((then[i1:i2], tag != "equal") for tag, i1, i2, _, _ in runs),
        _parts((now[j1:j2], tag != "equal") for tag, _, _, j1, j2 in runs),
    )


def _parts(runs: Iterable[tuple[Sequence[str], bool]]) -> list[Part]:
    """A space between two words that differ differs with them."""
    found: list[Part] = []
    for words, differs in runs:
        text = "".join(words)
        if not text:
            continue
        bridges = not differs and text.isspace() and "\n" not in text and found
        if found and (found[-1].differs == differs or bridges):
            found[-1] = Part(found[-1].text + text, found[-1].differs)
        else:
            found.append(Part(text, differs))
    return found
