"""Secrets are created, rotated and deleted with the keyboard alone and with script turned off; axe
finds nothing on their pages."""

import pytest
from playwright.sync_api import Page, expect

from app import transaction
from app.domain import people
from tests.support.secrets import keep
from tests.system.conftest import PASSWORD, Console, Open
from tests.system.looks import check


@pytest.fixture(scope="module", autouse=True)
def keeper(console: Console) -> None:
    """Somebody who may manage secrets, and a secret."""
    with console.app.app_context():
        with transaction.writing() as session:
            people.create_user(session, "kim@example.com", "Kim", "admin", PASSWORD)
        keep("STOCK_TOKEN", "a value of stock", "stock.example.com")


def tab_to(page: Page, selector: str) -> None:
    for _ in range(80):
        page.keyboard.press("Tab")
        if page.locator(selector).evaluate("element => element === document.activeElement"):
            return
    raise AssertionError(f"no key leads to {selector}")


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without"])
def test_keys_alone_create_rotate_and_delete_one(come: Open, script: bool) -> None:
    name = f"KEY_{script}"
    page = come("kim", java_script_enabled=script)
    page.goto("/secrets")
    tab_to(page, "#name")
    page.keyboard.type(name)
    tab_to(page, "#hosts")
    page.keyboard.type("https://a.example.com")
    tab_to(page, "#value")
    page.keyboard.type("a typed value")
    page.keyboard.press("Enter")
    expect(page.locator("#hosts-error")).to_contain_text("is not a host")
    expect(page.locator("#name")).to_have_value(name)
    expect(page.locator("#value")).to_have_value("")

    page.locator("#hosts").fill("a.example.com")
    tab_to(page, "button[name=make]")
    page.keyboard.press("Enter")
    expect(page.locator("#made")).to_contain_text("whsec_")
    page.get_by_role("link", name="I have it").press("Enter")
    expect(page.get_by_role("heading", name=name)).to_be_visible()

    tab_to(page, "#value")
    page.keyboard.type("another typed value")
    page.keyboard.press("Enter")
    expect(page.locator(".facts").first).to_contain_text("the old value is valid until")

    tab_to(page, "#delete > summary")
    page.keyboard.press("Enter")
    tab_to(page, "#delete button")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Secrets")).to_be_visible()
    expect(page.locator(f"#secret-{name}")).to_have_count(0)


def test_axe_finds_nothing_on_the_pages_of_secrets(come: Open) -> None:
    page = come("kim")
    for path in ("/secrets", "/secrets/STOCK_TOKEN"):
        check(page, path)
