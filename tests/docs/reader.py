"""Does in a browser what a document says. It understands a few words, which stand in the numbered
steps of the document:

    Open the link beside **Signed in, once**.       as `bin/dev` has printed it
    Open **Templates**.                             a link or a tab
    Open `http://127.0.0.1:8001`.
    Press **Publish …**.                            a button, or a link that looks like one
    Type `Hello` into **Name**.
    You see **Instance completed**.

Whatever else is bold or code in a step is a fault: nobody would do it.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

from app.web.doc_markdown import parse

BOLD, CODE = r"\*\*(.+?)\*\*", r"`(.+?)`"
WORDS = re.compile(
    rf"open the link beside {BOLD}|open {BOLD}|open {CODE}|press {BOLD}"
    rf"|type {CODE}\s+into {BOLD}|you see {BOLD}",
    re.IGNORECASE,
)


def steps(page: Path) -> Iterator[tuple[str, str]]:
    """The numbered steps of a document as they are written, and its pictures: (what, text)."""
    depth = 0
    for token in parse(page.read_text()):
        depth += {"ordered_list_open": 1, "ordered_list_close": -1}.get(token.type, 0)
        if token.type == "inline" and depth:
            yield "step", re.sub(r"\s+", " ", token.content)
        elif token.type == "inline":
            found = [each for each in token.children or () if each.type == "image"]
            yield from (("picture", str(each.attrs["src"])) for each in found)


class Reader:
    """Somebody in front of a browser. `printed`: where a label of `bin/dev` leads; `ports`: those
    of the document, and those here."""

    def __init__(self, page: Page, printed: Callable[[str], str], ports: Mapping[int, int]) -> None:
        self.page, self.printed, self.ports = page, printed, ports

    def follow(self, step: str) -> None:
        left = WORDS.sub("", step)
        assert not re.search(r"[*`]", left), f"nobody knows how to do this: {left} (of: {step})"
        for found in WORDS.finditer(step):
            beside, link, url, button, text, label, seen = found.groups()
            try:
                self._do(beside, link, url, button, text, label, seen)
            except Exception as error:
                raise AssertionError(f"{found[0]} (of: {step})\n{error}") from error

    def _do(
        self,
        beside: str | None,
        link: str | None,
        url: str | None,
        button: str | None,
        text: str | None,
        label: str | None,
        seen: str | None,
    ) -> None:
        if beside or url:
            self.page.goto(self.here(url or self.printed(beside or "")))
        elif link:
            self.click(self.named(link, "link", "tab"))
        elif button:
            self.click(self.named(button, "button", "link"))
        elif label:
            self.type_into(label, self.here(text or ""))
        elif seen:
            expect(self.page.locator("body")).to_contain_text(seen)

    def here(self, text: str) -> str:
        """An address of the document, as it is here."""
        for documented, port in self.ports.items():
            text = text.replace(f"127.0.0.1:{documented}", f"127.0.0.1:{port}")
        return text

    def named(self, name: str, *roles: str) -> Locator:
        """What bears a name: best just this one, else one that begins with it, else a fold."""
        begins = re.compile(rf"^\s*{re.escape(name)}(\b|\s|$)")
        exact = [self.page.get_by_role(role, name=name, exact=True) for role in roles]  # pyright: ignore[reportArgumentType]
        loose = [self.page.get_by_role(role, name=begins) for role in roles]  # pyright: ignore[reportArgumentType]
        fold = self.page.locator("summary").filter(has_text=begins)
        every = exact[0]
        for other in [*exact[1:], fold, *loose]:
            every = every.or_(other)
        expect(every.locator("visible=true").first).to_be_visible()
        for found in [*exact, fold, *loose]:
            if (visible := found.locator("visible=true")).count():
                return visible.first
        raise AssertionError(f"nothing is named {name}")

    def click(self, what: Locator) -> None:
        switch = what.inner_text() if what.get_attribute("aria-pressed") == "false" else None
        what.click()
        if switch:
            expect(self.page.locator('[aria-pressed="true"]')).to_contain_text(switch)
        self.settle()

    def type_into(self, label: str, text: str) -> None:
        begins = re.compile(rf"^\s*{re.escape(label)}\b")
        field = self.page.get_by_label(begins).locator("visible=true").first
        field.fill(text)
        field.blur()
        self.settle()

    def settle(self) -> None:
        """Until the page is there, and what was typed is saved."""
        self.page.wait_for_load_state("load")
        if self.page.locator("#editor-saved").count():
            expect(self.page.locator("#editor-saved [data-unsaved]")).to_be_hidden()
