"""The look of the console as it stands alone: accessible in both themes and widths, nothing the
strict CSP refuses, nothing wider than a phone."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from devtools import gallery
from tests.system.looks import check


@pytest.fixture(scope="module")
def address(pages: Path) -> Iterator[str]:
    server = gallery.serve(pages, port=0)
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def open_page(browser: Browser, size: str, theme: str) -> Page:
    width, height = gallery.SIZES[size]
    page = browser.new_page(viewport={"width": width, "height": height})
    page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
    return page


def test_axe_finds_nothing(browser: Browser, address: str) -> None:
    page = open_page(browser, "wide", "light")
    for name in gallery.pages():
        check(page, f"{address}/{name}.html")
    page.close()


def test_the_strict_csp_refuses_nothing(browser: Browser, address: str) -> None:
    page = browser.new_page()
    refused: list[str] = []
    page.on("console", lambda message: refused.append(message.text))
    for name in gallery.pages():
        page.goto(f"{address}/{name}.html")
    page.close()
    assert not [text for text in refused if "Content Security Policy" in text]


def test_the_theme_is_remembered(browser: Browser, address: str) -> None:
    page = open_page(browser, "wide", "light")
    page.goto(f"{address}/auth.html")  # of who is signed in the server keeps it
    page.locator("[data-theme-switch]").click()
    page.reload()
    assert page.locator("html").get_attribute("data-theme") == "dark"
    page.close()


def test_keys_open_rows_and_search(browser: Browser, address: str) -> None:
    page = open_page(browser, "wide", "light")
    page.goto(f"{address}/instances.html")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("x")
    assert page.locator("tr[aria-selected=true]").get_attribute("id") == "instance-1043"
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.name") == "q"
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    assert page.locator("#keys").is_visible()
    page.keyboard.press("g")
    page.keyboard.press("t")
    page.wait_for_url("**/templates.html*")
    page.close()


def test_without_script_everything_can_be_read(browser: Browser, address: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{address}/instance.html")
    assert page.locator("[data-theme-switch]").is_hidden()
    assert page.locator("#event-41 time").inner_text().count(":") == 2
    page.locator("#act-charge-skip > summary").click()
    assert page.locator("#act-charge-skip-reason").is_visible()
    context.close()
