"""One starts and acts; the other watches the same instance and reloads nothing."""

from playwright.sync_api import expect

from tests.system.conftest import Console, Open


def test_what_one_does_the_other_sees_without_reloading(console: Console, come: Open) -> None:
    olga = come("olga")
    otto = come("otto")

    olga.goto("/templates")
    olga.get_by_role("link", name="Order fulfilment").click()
    olga.get_by_role("link", name="Start an instance").click()
    olga.get_by_label("Title").fill("Order for two")
    olga.get_by_label("Order number").fill("A-2042")
    olga.get_by_role("button", name="Start", exact=True).click()
    expect(olga.get_by_role("heading", name="Order for two")).to_be_visible()

    otto.goto("/instances")
    otto.get_by_role("link", name="Order for two").click()
    expect(otto.locator("#timeline")).to_contain_text("Pack is ready")
    expect(otto.locator("#live-mark")).to_contain_text("live")
    otto.evaluate("window.same = true")

    olga.locator("#step-pack a").click()
    olga.get_by_role("button", name="Start", exact=True).click()
    expect(olga.locator(".toast")).to_contain_text("Pack is yours")
    expect(otto.locator("#timeline")).to_contain_text("Pack started")
    expect(otto.locator("#timeline")).to_contain_text("olga@example.com")

    olga.locator("#act-pack-complete > summary").click()
    olga.get_by_label("Output, as JSON").fill('{"packages": 2}')
    olga.locator("#act-pack-complete-form button").click()
    for page in (olga, otto):
        expect(page.locator("#timeline")).to_contain_text("Instance completed")
        expect(page).to_have_title("COMPLETED · Order for two · Runsheet")
    assert otto.evaluate("window.same")
    sent = [got.path for got in console.receiver.requests]
    assert sent.count("/ship") >= 1 and sent.count("/tell") >= 1
