"""An author fills in a step's panel by keyboard: placeholders complete themselves, rows come and go
with the focus, and what would be sent stands beside it."""

from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.support.workflows import task, webhook
from tests.system.conftest import Console, Open
from tests.system.editor_pages import hire, make, saved, steps_of
from tests.system.looks import check

INPUT: dict[str, Any] = {
    "type": "object",
    "required": ["orderId"],
    "properties": {
        "orderId": {"type": "string", "title": "Order number", "examples": ["A-1042"]},
        "orderDate": {"type": "string", "title": "Ordered on"},
    },
}


@pytest.fixture
def author(console: Console, come: Open) -> Open:
    hire(console, "ada")
    return lambda **options: come("ada", **options)


def order(console: Console, key: str) -> str:
    ship = webhook("ship", "pack", config={"url": f"{console.receiver.url}/ship"})
    path = make(console, key, task("pack"), ship, inputSchema=INPUT)
    return f"{path}?step=ship&tab=action"


def field(page: Page, name: str) -> Locator:
    return page.locator(f'[name="actionConfig.{name}"]')


def test_a_placeholder_completes_itself_by_keyboard(console: Console, author: Open) -> None:
    page, path = author(), order(console, "complete-by-keyboard")
    page.goto(path)
    url = field(page, "url")
    url.press("End")
    url.press_sequentially("/{{ order")

    options = page.get_by_role("listbox", name="Paths").get_by_role("option")
    expect(options).to_have_count(2)
    expect(url).to_have_attribute("aria-expanded", "true")
    expect(url).to_have_attribute("aria-activedescendant", "placeholder-0")
    url.press("ArrowDown")
    expect(options.nth(1)).to_have_attribute("aria-selected", "true")
    url.press("ArrowDown")
    url.press("Enter")

    expect(url).to_have_value(f"{console.receiver.url}/ship/{{{{ input.orderId }}}}")
    expect(page.get_by_role("listbox", name="Paths")).to_be_hidden()
    saved(page)
    config = steps_of(console, path)["ship"]["actionConfig"]
    assert config["url"].endswith("/ship/{{ input.orderId }}")


def test_escape_closes_the_list_and_leaves_the_field_alone(console: Console, author: Open) -> None:
    page = author()
    page.goto(order(console, "escape"))
    body = field(page, "body")
    body.press_sequentially('{"order": "{{ ')
    expect(page.get_by_role("listbox", name="Paths")).to_be_visible()

    body.press("Escape")

    expect(page.get_by_role("listbox", name="Paths")).to_be_hidden()
    expect(body).to_be_focused()
    body.press_sequentially('input.orderId }}"}')
    expect(body).to_have_value('{"order": "{{ input.orderId }}"}')


def test_a_path_that_leads_nowhere_is_underlined_and_the_near_one_named(
    console: Console, author: Open
) -> None:
    page = author()
    page.goto(order(console, "underlined"))
    url = field(page, "url")
    url.fill("https://stock.example.com/{{ input.oderId }}")

    expect(page.locator(".marks u")).to_have_text("input.oderId")
    expect(page.locator("#field-actionConfig-url-notes")).to_contain_text(
        "Did you mean input.orderId?"
    )
    expect(url).to_be_focused()
    url.press("End")
    url.press("x")
    expect(page.locator(".marks")).to_be_hidden()  # until it is drawn for this text


def test_the_request_follows_what_is_typed(console: Console, author: Open) -> None:
    page = author()
    page.goto(order(console, "request-follows"))
    field(page, "body").fill('{"order": "{{ input.orderId }}"}')

    expect(page.locator("#preview")).to_contain_text('"order": "A-1042"')
    field(page, "url").fill("")
    expect(page.locator("#preview")).to_contain_text("See to this first: URL.")


def test_the_focus_goes_along_with_rows_and_groups(console: Console, author: Open) -> None:
    page, path = author(), order(console, "rows-by-keyboard")
    page.goto(path)

    page.get_by_role("button", name="Add Authentication").press("Enter")
    expect(field(page, "auth.type")).to_be_focused()
    page.get_by_role("button", name="Remove Authentication").press("Enter")
    expect(page.get_by_role("button", name="Add Authentication")).to_be_focused()

    field(page, "headers.0.name").fill("X-A")
    field(page, "headers.0.value").fill("1")
    page.get_by_role("button", name="Add to Headers").press("Enter")
    expect(field(page, "headers.1.name")).to_be_focused()
    page.get_by_role("button", name="Remove row 1 of Headers").press("Enter")
    expect(page.get_by_role("button", name="Add to Headers")).to_be_focused()
    saved(page)
    assert steps_of(console, path)["ship"]["actionConfig"]["headers"] == {}


def test_rows_come_and_go_with_script_off(console: Console, author: Open) -> None:
    page, path = author(java_script_enabled=False), order(console, "rows-without-script")
    page.goto(path)
    field(page, "headers.0.name").fill("X-A")
    field(page, "headers.0.value").fill("1")
    page.get_by_role("button", name="Add to Headers").click()
    field(page, "headers.1.name").fill("X-A")
    field(page, "body").fill("{ broken")
    page.get_by_role("button", name="Add to Headers").click()

    expect(page.locator("#field-actionConfig-headers-notes")).to_contain_text("X-A stands twice.")
    expect(field(page, "body")).to_have_value("{ broken")
    page.get_by_role("button", name="Remove row 2 of Headers").click()
    assert steps_of(console, path)["ship"]["actionConfig"]["headers"] == {"X-A": "1"}


def test_axe_finds_nothing_in_any_tab(console: Console, author: Open) -> None:
    page, path = author(), order(console, "axe-panel")
    page.goto(path)
    field(page, "url").fill("https://stock.example.com/{{ input.oderId }}")
    page.get_by_role("button", name="Add Authentication").click()
    expect(field(page, "auth.type")).to_be_visible()
    saved(page)
    for tab in ("general", "action", "schedule", "retry"):
        check(page, path.replace("tab=action", f"tab={tab}"))
