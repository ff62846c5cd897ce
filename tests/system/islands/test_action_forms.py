"""Forms of actions: sent once, nothing typed is lost, the focus goes where somebody is needed."""

from playwright.sync_api import Page, expect

from tests.system.islands.fake_console import Console


def skip_because(page: Page, why: str) -> None:
    page.locator("#act-charge-skip > summary").click()
    reason = page.locator("#act-charge-skip-reason")
    expect(reason).to_be_focused()
    reason.press_sequentially(why)


def test_an_action_changes_the_page_in_place(page: Page, console: Console) -> None:
    page.evaluate("window.same = true")
    skip_because(page, "It was paid in cash")
    page.locator("#act-charge-skip-form button").click()
    expect(page.locator("#timeline > li")).to_have_count(4)
    assert page.evaluate("window.same")
    assert console.actions == [{"csrf_token": ["token"], "reason": ["It was paid in cash"]}]


def test_after_an_action_the_focus_is_on_what_needs_somebody_next(
    page: Page, console: Console
) -> None:
    skip_because(page, "x")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#act-charge-retry > summary")).to_be_focused()
    expect(page.locator("#act-charge-skip")).not_to_have_attribute("open", "")


def test_pressed_twice_it_is_sent_once(page: Page, console: Console) -> None:
    console.slow = 0.5
    skip_because(page, "x")
    page.locator("#act-charge-skip-form button").dblclick()
    expect(page.locator("#timeline > li")).to_have_count(4)
    assert len(console.actions) == 1


def test_refused_it_keeps_what_was_typed_and_says_why(page: Page, console: Console) -> None:
    console.answers = 409
    skip_because(page, "It was paid in cash")
    page.locator("#act-charge-skip-form button").click()
    expect(page.locator(".toast-error")).to_contain_text("Jo was quicker")
    expect(page.locator("#act-charge-skip-reason")).to_have_value("It was paid in cash")
    expect(page.locator("#timeline > li")).to_have_count(3)
    console.answers = 200
    page.locator("#act-charge-skip-form button").click()
    expect(page.locator("#timeline > li")).to_have_count(4)


def test_a_broken_server_replaces_nothing(page: Page, console: Console) -> None:
    console.answers = 502
    skip_because(page, "It was paid in cash")
    page.locator("#act-charge-skip-form button").click()
    expect(page.locator(".toast-error")).to_contain_text("502")
    expect(page.locator("#act-charge-skip-reason")).to_have_value("It was paid in cash")
    expect(page.locator("#timeline > li")).to_have_count(3)
