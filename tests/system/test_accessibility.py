"""axe finds nothing on any page, in both themes and widths, and none is wider than a phone."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.system.conftest import Console, Open

PHONE = {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark"}
WIDE = {"viewport": {"width": 1440, "height": 900}, "color_scheme": "light"}


def paths(instance: str) -> list[str]:
    return [
        "/",
        "/instances",
        "/instances?q=nothing-has-this-title",
        instance,
        f"{instance}?view=graph",
        f"{instance}?view=data",
        f"{instance}/steps/pack",
        f"{instance}/steps/ship",
        "/tasks",
        "/tasks?due=overdue",
        "/templates",
        "/templates/1",
        "/templates/1?step=ship",
        "/templates/1/start",
        "/account",
        "/settings",
        "/notification-templates",
        "/notification-templates/step-failed",
        "/docs/api",
        "/docs?q=step",
        "/nowhere",
    ]


def check(page: Page, path: str, *looks: dict) -> None:
    """Open a page once and look at it in each way: `WIDE` and `PHONE`, unless others are given."""
    usual = page.viewport_size
    page.goto(path)
    page.evaluate("document.querySelectorAll('main details').forEach(e => { e.open = true })")
    for look in looks or (WIDE, PHONE):
        page.set_viewport_size(look["viewport"])
        page.emulate_media(color_scheme=look["color_scheme"])
        results = Axe().run(page)
        assert results.violations_count == 0, f"{path}, {look}: {results.generate_report()}"
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= look["viewport"]["width"], (path, look)
    page.set_viewport_size(usual or WIDE["viewport"])


def test_axe_finds_nothing(console: Console, come: Open) -> None:
    page = come()
    for path in paths(console.begin("Order to be read")):
        check(page, path)
    page.context.clear_cookies()
    check(page, "/sign-in")
