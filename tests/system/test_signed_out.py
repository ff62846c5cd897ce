"""Signed out while typing: nothing typed is lost."""

from playwright.sync_api import expect

from tests.system.conftest import Console, Open, sign_in


def test_what_was_typed_is_sent_after_signing_in_again(console: Console, come: Open) -> None:
    page = come()
    page.goto(f"{console.begin('Order to be paused')}/steps/pack")
    page.locator("#act-pause > summary").click()
    reason = page.locator("#act-pause-reason")
    reason.fill("The warehouse counts its stock")
    page.context.clear_cookies()
    send = page.locator("#act-pause-form button")
    send.click()
    expect(page.locator(".toast-error")).to_contain_text("You are signed out")

    sign_in(page.context.new_page(), "olga")
    send.click()
    expect(page.locator(".toast-error").last).to_contain_text("send this again")
    expect(reason).to_have_value("The warehouse counts its stock")
    expect(page.locator("[data-kept-busy]")).to_have_count(0)  # pressed sooner, it does nothing
    send.click()
    expect(page.locator("#timeline")).to_contain_text("The warehouse counts its stock")
