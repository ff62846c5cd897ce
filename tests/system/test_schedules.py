"""An author writes a schedule and sees when it runs while it is typed; it runs, the operators see
it, pause it and resume it. With real processes, with the keyboard alone, and without script."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import func, select

from app import transaction
from app.domain import people, schedules
from app.models import ScheduleFire
from app.schemas.schedule import ScheduleIn
from tests.support.processes import SCHEDULER, running
from tests.support.waiting import wait_until
from tests.support.workflows import AUTHOR
from tests.system.conftest import PASSWORD, Console, Open, open_console
from tests.system.looks import check
from tests.system.test_secrets import tab_to


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory, sqlite_template) -> Iterator[Console]:
    """A console of its own: schedules may run each second here, and a scheduler keeps the time."""
    folder = tmp_path_factory.mktemp("schedules")
    with open_console(folder, sqlite_template) as console:
        with console.app.app_context(), transaction.writing() as session:
            people.create_user(session, "ada@example.com", "Ada", "author", PASSWORD)
        with running(SCHEDULER, console.environ, folder / "scheduler.log"):
            yield console


def outcomes(console: Console, schedule_id: int) -> dict[str, int]:
    """How many of its times had which outcome."""
    query = select(ScheduleFire.outcome, func.count()).group_by(ScheduleFire.outcome)
    with console.app.app_context(), transaction.reading() as session:
        mine = query.where(ScheduleFire.schedule_id == schedule_id)
        return {str(outcome): number for outcome, number in session.execute(mine)}


def write_one(page: Page, name: str) -> int:
    """Type a schedule that runs every second, looking at its preview; returns its id."""
    page.goto("/schedules/new")
    page.get_by_label("Template", exact=True).select_option(label="Order fulfilment")
    expect(page.get_by_label("Order number")).to_be_visible()
    shown = page.locator("#schedule-preview")
    page.locator("#cron").fill("30 2 * * 5L")
    expect(shown).to_contain_text("At 02:30 on the last Friday of the month, UTC")
    page.locator("#cron").fill("30 2 * *")
    expect(page.locator("#cron-fault")).to_contain_text("Cron has five fields")
    page.get_by_label("Common rules").select_option(label="Monday to Friday at 09:00")
    expect(page.locator("#cron")).to_have_value("0 9 * * 1-5")
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("Order number").fill("A-1")
    page.get_by_label("Time zone", exact=True).fill("Europe/Berlin")
    expect(shown).to_contain_text("At 09:00, Monday to Friday, Europe/Berlin")
    expect(shown.locator("li")).to_have_count(5)
    expect(page.locator("#cron-fault")).to_be_empty()
    page.get_by_label("Every so often").check()
    page.locator("#everySeconds").fill("1")
    page.get_by_label("Unit", exact=True).select_option(label="seconds")
    expect(shown).to_contain_text("Every second")
    expect(page.get_by_label("Order number")).to_have_value("A-1")
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_role("heading", name=name)).to_be_visible()
    return int(page.url.rpartition("/")[2])


def test_it_is_written_runs_and_is_paused_and_resumed(console: Console, come: Open) -> None:
    schedule = write_one(come("ada"), "Every order")
    wait_until(lambda: outcomes(console, schedule).get("skipped", 0) >= 1, why="it runs twice")
    assert outcomes(console, schedule)["started"] == 1, "its first order is still open"

    page = come("olga")
    page.goto("/schedules")
    row = page.locator(f"#schedule-{schedule}")
    expect(row).to_contain_text("Every order")
    expect(row.get_by_role("img")).to_have_attribute("aria-label", re.compile("Last [0-9]+ runs"))
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.locator("#fires")).to_contain_text("What it started before is still open.")

    page.locator("#act-pause > summary").click()
    page.locator("#act-pause-reason").fill("The shop is closed")
    page.locator("#act-pause-form button").click()
    expect(page.locator(".verdict")).to_contain_text("by olga@example.com: The shop is closed")
    resting = outcomes(console, schedule)
    page.locator("#act-run-now > summary").click()
    page.locator("#act-run-now-form button").click()
    expect(page.locator("#fires tbody tr").first).to_contain_text("by olga@example.com")
    after = outcomes(console, schedule)
    assert after == resting | {"started": 2}, "nothing but the run by hand while it rests"

    page.locator("#act-resume > summary").click()
    page.locator("#act-resume-form button").click()
    expect(page.locator(".mark-pill")).to_have_text("Active")
    wait_until(lambda: outcomes(console, schedule) != after, why="it goes on")

    page.goto(f"/schedules/{schedule}")
    page.locator("#fires").get_by_role("link", name="Every order · ").first.click()
    page.get_by_role("link", name="Every order").click()
    expect(page.get_by_role("heading", name="Every order")).to_be_visible()


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without"])
def test_keys_alone_write_pause_and_delete_one(come: Open, script: bool) -> None:
    page = come("ada", java_script_enabled=script)
    page.goto("/schedules/new")
    tab_to(page, "#name")
    page.keyboard.type(f"By keys {script}")
    tab_to(page, "#templateId")
    page.keyboard.type("Order")
    if not script:
        tab_to(page, "button[formaction]")
        page.keyboard.press("Enter")
    expect(page.locator("#name")).to_have_value(f"By keys {script}")
    expect(page.locator("#input-0")).to_be_visible()
    tab_to(page, "#input-0")
    page.keyboard.type("A-7")
    tab_to(page, "#cron")
    page.keyboard.press("Control+a")
    page.keyboard.type("0 0 30 2 *")
    tab_to(page, ".schedule-form .button-primary")
    page.keyboard.press("Enter")
    expect(page.locator("#cron-fault")).to_contain_text("names a day that never comes")
    expect(page.locator("#input-0")).to_have_value("A-7")

    page.locator("#cron").fill("0 0 28 2 *")
    tab_to(page, ".schedule-form .button-primary")
    page.keyboard.press("Enter")
    expect(page.locator(".schedule-words")).to_contain_text("At 00:00 on 28 February")
    tab_to(page, "#act-pause > summary")
    page.keyboard.press("Enter")
    tab_to(page, "#act-pause-form button")
    page.keyboard.press("Enter")
    expect(page.locator(".mark-pill")).to_have_text("Paused")
    tab_to(page, "#act-delete > summary")
    page.keyboard.press("Enter")
    tab_to(page, "#act-delete button")
    page.keyboard.press("Enter")
    expect(page.locator(".toast")).to_contain_text("The schedule is gone.")
    expect(page.locator("main")).not_to_contain_text(f"By keys {script}")


def test_axe_finds_nothing_and_nothing_is_wider_than_a_phone(console: Console, come: Open) -> None:
    document = {"name": "To be read", "templateKey": "order", "input": {"orderId": "A-1"}}
    document |= {"cron": "30 2 * * *", "timezone": "Europe/Berlin"}
    with console.app.app_context(), transaction.writing() as session:
        schedule = schedules.create(session, ScheduleIn.read(document), AUTHOR).id
        schedules.run_now(session, schedule, AUTHOR, "To be read")
    for name in ("ada", "olga"):
        page = come(name)
        paths = ["/schedules", "/schedules?q=nothing-has-this-name", f"/schedules/{schedule}"]
        if name == "ada":
            paths += ["/schedules/new?template=1", f"/schedules/{schedule}/edit"]
        for path in paths:
            check(page, path)
