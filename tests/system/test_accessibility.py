"""axe finds nothing on any page, in both themes and widths, and none is wider than a phone."""

import pytest
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
        "/nowhere",
    ]


def check(page: Page, path: str) -> None:
    page.goto(path)
    page.evaluate("document.querySelectorAll('main details').forEach(e => { e.open = true })")
    results = Axe().run(page)
    assert results.violations_count == 0, f"{path}: {results.generate_report()}"


@pytest.mark.parametrize("options", [WIDE, PHONE], ids=["wide light", "phone dark"])
def test_axe_finds_nothing(console: Console, come: Open, options: dict) -> None:
    page = come(**options)
    for path in paths(console.begin("Order to be read")):
        check(page, path)
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= options["viewport"]["width"], path
    page.context.clear_cookies()
    check(page, "/sign-in")
