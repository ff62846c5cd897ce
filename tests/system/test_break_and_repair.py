"""The receiver breaks; the operator sees what happens next by itself, and repairs it."""

from playwright.sync_api import expect

from tests.system.conftest import Console, Open


def test_a_step_that_fails_is_repaired_with_a_reason(console: Console, come: Open) -> None:
    page = come()
    console.answers(500)
    path = console.begin("Order that breaks")
    page.goto(f"{path}/steps/pack")
    page.evaluate("window.same = true")
    page.locator("#act-pack-complete > summary").click()
    page.locator("#act-pack-complete-form button").click()

    page.locator("#step-ship a").click()
    story = page.locator("#step-story")
    expect(story).to_contain_text("Ship will be tried again in 9 min")
    expect(page.locator("#timeline")).to_contain_text("500 Internal Server Error")
    page.get_by_role("button", name="Run now").click()

    expect(story).to_contain_text("Ship failed")
    expect(story).to_contain_text("may have acted on tries 1 and 2")
    expect(story).to_contain_text("Nothing more happens by itself")
    expect(page).to_have_title("ATTENTION · Order that breaks · Runsheet")
    expect(page.locator("#icon")).to_have_attribute("href", "/static/icons/attention.svg")

    console.answers(200)
    page.locator("#act-ship-retry > summary").click()
    page.get_by_label("Reason").and_(page.locator("#act-ship-retry-reason")).fill("They are back")
    page.locator("#act-ship-retry-form button").click()
    timeline = page.locator("#timeline")
    expect(timeline).to_contain_text("They are back")
    expect(timeline).to_contain_text("Nothing needs attention any more")
    expect(timeline).to_contain_text("Instance completed")
    keys = {got.token for got in console.receiver.requests if got.path == "/ship"}
    shown = page.locator("#attempts").inner_text()
    assert [key for key in keys if key in shown]
