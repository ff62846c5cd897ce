"""Looks for words in the documents, section by section."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from markupsafe import Markup

from app.web.doc_markdown import Section
from app.web.doc_pages import Page, address

MOST = 30
AROUND = 90  # letters before and after the first word that was found


@dataclass(frozen=True, slots=True)
class Hit:
    """A section that holds all that was asked for."""

    href: str
    page: str
    title: str
    excerpt: Markup
    weight: int


def look_for(text: str, pages: Iterable[Page]) -> list[Hit]:
    """The sections that hold every word, those that name them in their heading first."""
    wanted = text.casefold().split()
    if not wanted:
        return []
    hits = [
        hit
        for page in pages
        for section in page.document.sections
        if (hit := _hit(page, section, wanted))
    ]
    return sorted(hits, key=lambda hit: -hit.weight)[:MOST]


def _hit(page: Page, section: Section, wanted: list[str]) -> Hit | None:
    title, text = section.title.casefold(), section.text.casefold()
    if not all(word in title or word in text for word in wanted):
        return None
    weight = sum(20 * (word in title) + min(text.count(word), 5) for word in wanted)
    if page.name.startswith("adr/") or page.name.startswith("about/"):
        weight //= 2  # why it is so, and what was once: rarely what somebody is after
    anchor = f"#{section.anchor}" if section.anchor else ""
    excerpt = _excerpt(section.text, wanted)
    return Hit(
        address(page.name) + anchor, page.title, section.title or page.title, excerpt, weight
    )


def _excerpt(text: str, wanted: list[str]) -> Markup:
    pattern = re.compile("|".join(map(re.escape, wanted)), re.IGNORECASE)
    first = pattern.search(text)
    at = first.start() if first else 0
    begin, end = max(at - AROUND, 0), at + AROUND
    cut = text[begin:end]
    marked, last = Markup("{}").format("…" if begin else ""), 0
    for found in pattern.finditer(cut):
        marked += cut[last : found.start()] + Markup("<mark>{}</mark>").format(found[0])
        last = found.end()
    return marked + cut[last:] + ("…" if end < len(text) else "")
