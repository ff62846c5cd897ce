"""An admin asks the audit who did it: with the keyboard, and on a phone."""

from typing import Any

import pytest
from playwright.sync_api import expect

from app import transaction
from app.domain import audit, instances, people
from tests.support.workflows import OPERATOR
from tests.system.conftest import PASSWORD, Console, Open
from tests.system.looks import check

PROGRAM = "api:stock-desk"  # nobody else in the console is called so


@pytest.fixture(scope="module", autouse=True)
def past(console: Console) -> int:
    """An admin, and what others did before they look; gives an instance that was paused."""
    instance = int(console.begin("Order to be looked into").rpartition("/")[2])
    with console.app.app_context(), transaction.writing() as session:
        people.create_user(session, "adele@example.com", "Adele", "admin", PASSWORD)
        instances.pause(session, instance, OPERATOR, "The lorry is late.")
        before, after = {"hosts": ["stock.example.com"]}, {"hosts": ["shop.example.com"]}
        audit.record(
            session, PROGRAM, "secret.bound", "secret", "STOCK_KEY", before=before, after=after
        )
        facts: dict[str, Any] = dict.fromkeys(("name", "cron", "title", "overlap", "start"), "made")
        audit.record(session, OPERATOR, "schedule.created", "schedule", "1", after=facts)
    return instance


def test_who_paused_it_is_found_without_a_mouse_and_leads_to_it(come: Open, past: int) -> None:
    page = come("adele")
    page.keyboard.press("g")
    page.keyboard.press("a")
    expect(page.get_by_role("heading", name="Audit")).to_be_visible()
    page.get_by_label("Any word of an entry").press_sequentially("lorry")
    page.keyboard.press("Enter")
    row = page.locator("[id^=entry-]")
    expect(row).to_have_count(1)
    expect(row).to_contain_text("operator@example.com instance.paused")
    expect(row).to_contain_text("The lorry is late.")
    expect(row.locator("del")).to_have_text("RUNNING")
    expect(row.locator("ins")).to_have_text("PAUSED")
    row.get_by_role("link", name=str(past), exact=True).press("Enter")
    expect(page.get_by_role("heading", name="Order to be looked into")).to_be_visible()


def test_with_script_off_the_filters_still_work(come: Open) -> None:
    page = come("adele", java_script_enabled=False)
    page.goto("/audit?since=yesterday")
    expect(page.get_by_role("alert")).to_contain_text("'yesterday' is not a time")
    page.get_by_label("From this day").fill("")
    page.get_by_label("Who contains").fill(PROGRAM)
    page.get_by_role("button", name="Filter").click()
    expect(page.locator("[id^=entry-]")).to_have_count(1)


def test_a_download_is_what_the_page_shows(come: Open) -> None:
    page = come("adele")
    page.goto(f"/audit?actor={PROGRAM}")
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    lines = download.value.path().read_text().splitlines()
    assert download.value.suggested_filename == "audit.csv"
    assert len(lines) == 2 and "secret.bound" in lines[1]


def test_axe_finds_nothing_and_nothing_is_wider_than_a_phone(come: Open) -> None:
    page = come("adele")
    for path in ("/audit", "/audit?q=nothing-says-this", "/audit?since=tomorrow"):
        check(page, path)
