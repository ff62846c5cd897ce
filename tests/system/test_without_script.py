"""With script turned off pages read and forms post."""

from playwright.sync_api import Page, expect

from tests.system.conftest import Console, Open


def until(page: Page, words: str) -> None:
    """Reload, as people without script do, until it stands there."""
    for _ in range(100):
        if words in page.locator("body").inner_text():
            return
        page.reload()
    raise AssertionError(f"never: {words}")


def test_start_complete_and_retry_with_a_reason(console: Console, come: Open) -> None:
    page = come(java_script_enabled=False)
    console.answers(404)

    page.goto("/templates")
    page.get_by_role("link", name="Order fulfilment").click()
    page.get_by_role("link", name="Start an instance").click()
    page.get_by_label("Order number").fill("A-3042")
    page.get_by_label("Total").fill("12,50")
    page.get_by_role("button", name="Start", exact=True).click()
    expect(page.locator(".field-error")).to_contain_text("Write a number with a point")
    expect(page.get_by_label("Order number")).to_have_value("A-3042")
    page.get_by_label("Total").fill("12.5")
    page.get_by_role("button", name="Start", exact=True).click()
    expect(page.locator("#timeline")).to_contain_text("Instance started")

    page.locator("#step-pack a").click()
    page.locator("#act-pack-complete > summary").click()
    page.get_by_label("Output, as JSON").fill("{packages: 2}")
    page.locator("#act-pack-complete-form button").click()
    expect(page.locator(".toast-error")).to_contain_text("This is not JSON")
    expect(page.get_by_label("Output, as JSON")).to_have_value("{packages: 2}")
    page.get_by_label("Output, as JSON").fill('{"packages": 2}')
    page.locator("#act-pack-complete-form button").click()
    expect(page.locator(".toast")).to_contain_text("Pack is completed.")

    page.locator("#step-ship a").click()
    until(page, "Ship failed")
    console.answers(200)
    page.locator("#act-ship-retry > summary").click()
    page.locator("#act-ship-retry-reason").fill("They know the address now")
    page.locator("#act-ship-retry-form button").click()
    until(page, "Instance completed")
    expect(page.locator("#timeline")).to_contain_text("They know the address now")
