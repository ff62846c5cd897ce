"""How a page is looked at: in both widths and themes, by axe, and for what is wider than it."""

from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark"}
WIDE: dict[str, Any] = {"viewport": {"width": 1440, "height": 900}, "color_scheme": "light"}


def nothing_is_wrong(page: Page, what: object) -> None:
    """As it now is. `what`: how to call it where something is."""
    results = Axe().run(page)
    assert results.violations_count == 0, f"{what}: {results.generate_report()}"
    wide = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert wide[0] <= wide[1], what


def check(page: Page, path: str, *looks: dict[str, Any]) -> None:
    """Open a page once and look at it in each way: `WIDE` and `PHONE`, unless others are given."""
    usual = page.viewport_size
    page.goto(path)
    page.evaluate("document.querySelectorAll('main details').forEach(e => { e.open = true })")
    for look in looks or (WIDE, PHONE):
        look_like(page, look)
        nothing_is_wrong(page, (path, look))
    page.set_viewport_size(usual or WIDE["viewport"])


def look_like(page: Page, look: dict[str, Any]) -> None:
    page.set_viewport_size(look["viewport"])
    page.emulate_media(color_scheme=look["color_scheme"])
