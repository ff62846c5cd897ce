"""Everything an operator does in a minute, without a mouse."""

from playwright.sync_api import Page, expect

from tests.system.conftest import PASSWORD, Console, Open


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def test_sign_in_search_move_open_complete(console: Console, come: Open) -> None:
    console.begin("Order by keys, one")
    console.begin("Order by keys, two")
    page = come()
    page.context.clear_cookies()
    page.goto("/")
    expect(page.get_by_label("Email")).to_be_focused()
    page.keyboard.type("olga@example.com")
    press(page, "Tab")
    page.keyboard.type(PASSWORD)
    press(page, "Enter")
    expect(page.get_by_role("heading", name="Dashboard")).to_be_visible()

    press(page, "/")
    page.keyboard.type("by keys")
    press(page, "Enter")
    expect(page.locator("tbody tr")).to_have_count(2)
    press(page, "j", "j", "k", "j")
    expect(page.locator("a:focus")).to_have_text("Order by keys, one")
    press(page, "Enter")
    expect(page.get_by_role("heading", name="Order by keys, one")).to_be_visible()

    press(page, "j", "Enter")  # the first step
    expect(page.locator("#step-title")).to_have_text("Pack")
    summary = page.locator("#act-pack-complete > summary")
    for _ in range(60):
        if summary.evaluate("element => element === document.activeElement"):
            break
        press(page, "Tab")
    press(page, "Enter")
    expect(page.get_by_label("Output, as JSON")).to_be_focused()
    page.keyboard.type('{"packages": 1}')
    press(page, "Control+Enter")
    expect(page.locator("#timeline")).to_contain_text("Instance completed")

    press(page, "g", "k")
    expect(page.get_by_role("heading", name="Tasks")).to_be_visible()
    press(page, "?")
    expect(page.locator("#keys")).to_be_visible()
