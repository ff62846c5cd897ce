"""A dry run in the browser: what is typed is walked at once, and nothing is sent."""

from playwright.sync_api import Page, expect

from tests.system.conftest import Console, Open
from tests.system.looks import PHONE, WIDE, check

DRY_RUN = "/templates/1/dry-run"


def open_dry_run(page: Page) -> None:
    page.goto("/templates/1")
    page.get_by_role("link", name="Dry run").click()
    expect(page.get_by_role("heading", name="Dry run: Order fulfilment")).to_be_visible()


def test_an_author_tries_what_could_happen_before_anything_does(
    console: Console, come: Open
) -> None:
    page = come()
    sent = len(console.receiver.requests)
    open_dry_run(page)
    result = page.locator("#dry-run-result")
    expect(result).to_contain_text("It is completed after 0 s at the shortest")
    expect(page.locator("#ran-ship")).to_contain_text(f"POST {console.receiver.url}/ship")

    page.locator("#outcome-1").select_option("fails at every try")
    expect(result).to_contain_text("It comes to rest and needs somebody")
    expect(page.locator("#box-ship")).to_contain_text("Failed")
    expect(page.locator("#ran-tell")).to_contain_text("It waits for Ship.")
    expect(page.locator("#ran-ship")).to_contain_text("try 2: 503 Service Unavailable")

    page.locator("#outcome-0").select_option("nobody does it")
    expect(page.locator("#box-pack")).to_contain_text("Ready")
    expect(result).to_contain_text("is late")
    assert len(console.receiver.requests) == sent


def test_what_is_typed_keeps_its_focus_and_faults_come_and_go(console: Console, come: Open) -> None:
    page = come()
    open_dry_run(page)
    page.locator("#more-0 > summary").click()
    takes = page.locator("#takes-0")
    takes.press_sequentially("PT2")
    expect(page.locator("#takes-0-fault")).to_contain_text("such as PT15M")
    takes.press("End")
    takes.press_sequentially("H")
    expect(page.locator("#dry-run-result")).to_contain_text("It is completed after 2 h")
    expect(page.locator("#takes-0-fault")).to_be_empty()
    expect(takes).to_be_focused()
    expect(page.locator("#more-0")).to_have_attribute("open", "")


def test_a_dry_run_is_passed_on_by_its_link(console: Console, come: Open) -> None:
    page = come()
    open_dry_run(page)
    page.locator("#outcome-0").select_option("an operator skips it")
    expect(page.locator("#ran-pack")).to_contain_text("Skipped in the dry run.")
    link = page.get_by_role("link", name="A link to this dry run").get_attribute("href")
    other = come("otto")
    other.goto(link or "")
    expect(other.locator("#ran-pack")).to_contain_text("Skipped in the dry run.")
    expect(other.locator("#outcome-0")).to_have_value("skipped")


def test_without_script_it_is_walked_by_a_plain_post(console: Console, come: Open) -> None:
    page = come(java_script_enabled=False)
    open_dry_run(page)
    page.get_by_label("Total").fill("much")
    page.locator("#outcome-0").select_option("is marked as failed")
    page.get_by_role("button", name="Walk it").click()
    expect(page.locator(".field-error")).to_contain_text("Write a number with a point")
    page.get_by_label("Total").fill("5")
    page.get_by_role("button", name="Walk it").click()
    expect(page.locator("#dry-run-result")).to_contain_text("needs somebody")
    expect(page.locator("#outcome-0")).to_have_value("failure")


def test_axe_finds_nothing_and_it_fits_a_phone(console: Console, come: Open) -> None:
    for options in (WIDE, PHONE):
        page = come(**options)
        for path in (DRY_RUN, f"{DRY_RUN}?outcomes.ship=exhausted", f"{DRY_RUN}?startAt=never"):
            check(page, path)
            wide = page.evaluate("document.documentElement.scrollWidth")
            assert wide <= options["viewport"]["width"], path
