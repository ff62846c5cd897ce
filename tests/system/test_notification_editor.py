"""An author writes what notifications say, and sees it while it is typed."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from app import transaction
from app.domain import people
from app.models import User
from tests.support.processes import WORKER, running
from tests.system.conftest import PASSWORD, Console, Open
from tests.system.looks import check

EDIT = "/notification-templates/step-ready/edit"


@pytest.fixture
def author(console: Console, come: Open) -> Open:
    """Somebody who may write; comes as `ada`."""
    with console.app.app_context(), transaction.writing() as session:
        if session.scalar(select(User).where(User.email == "ada@example.com")) is None:
            people.create_user(session, "ada@example.com", "Ada", "author", PASSWORD)
    return lambda **options: come("ada", **options)


def test_the_preview_follows_what_is_typed(author: Open) -> None:
    page = author()
    page.goto(EDIT)
    page.get_by_role("textbox", name="Text").nth(1).fill("Go: {{ step.name }}")
    expect(page.locator("#preview-SMS")).to_contain_text("Go: Pack the order")
    expect(page.locator("#preview-SMS")).to_contain_text("1 segment, 18 characters.")
    page.locator("#sms-text").fill("{{ step.nmae }}")
    expect(page.locator("#preview-SMS")).to_contain_text("Did you mean step.name?")
    page.locator("#trigger").select_option("ON_FAILED")
    page.locator("#push-title").fill("{{ step.error }}")
    expect(page.locator("#preview-PUSH")).to_contain_text("503 Service Unavailable")
    page.on("dialog", lambda dialog: dialog.accept())  # leaving with words that are not saved


def test_the_mail_stands_in_a_frame_without_script(author: Open) -> None:
    page = author()
    page.goto(EDIT)
    page.locator("#mail-fold > summary").click()
    frame = page.frame_locator("iframe[name=mail-frame]")
    expect(frame.locator("body")).to_contain_text("Pack the order can begin.")
    page.locator("#email-html").fill("<b>{{ step.name }}</b><script>parent.x = 1</script>")
    expect(frame.locator("b")).to_have_text("Pack the order")
    assert page.evaluate("window.x") is None
    page.get_by_role("button", name="Show it again").click()
    expect(frame.locator("b")).to_have_text("Pack the order")
    page.on("dialog", lambda dialog: dialog.accept())


def test_a_test_arrives_at_who_asks_for_it(console: Console, author: Open, tmp_path: Path) -> None:
    log = tmp_path / "notifier.log"
    with running(WORKER, console.environ, log, "workflow-notifications"):
        page = author()
        page.goto(EDIT)
        page.locator("#in_app-title").fill("Just a test: {{ step.name }}")
        page.locator("#channel-IN_APP").get_by_role("button", name="Send me a test").click()
        expect(page.locator("#test-IN_APP")).to_contain_text("was sent to")
        expect(page.locator("#in_app-title")).to_have_value("Just a test: {{ step.name }}")
        page.on("dialog", lambda dialog: dialog.accept())
        page.goto("/inbox")
        expect(page.locator("main")).to_contain_text("Just a test: Pack the order")


def publish_by_keyboard(page: Page) -> None:
    page.locator("#note").focus()
    page.keyboard.type("Shorter")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")


def test_it_is_saved_and_published_without_a_mouse(author: Open) -> None:
    page = author()
    page.goto("/notification-templates/step-started/edit")
    page.locator("#sms-text").fill("Begun: {{ step.name }}")
    publish_by_keyboard(page)
    expect(page.locator("main")).to_contain_text("Version 2")
    expect(page.locator("main")).to_contain_text("by ada@example.com · Shorter")
    expect(page.locator("main")).to_contain_text("Begun: Charge card")


def test_without_script_a_button_shows_the_preview_and_keeps_the_words(author: Open) -> None:
    page = author(java_script_enabled=False)
    page.goto(EDIT)
    page.locator("#sms-text").fill("Go: {{ step.name }}")
    page.get_by_role("button", name="Preview", exact=True).click()
    expect(page.locator("#preview-SMS")).to_contain_text("Go: Pack the order")
    expect(page.locator("#sms-text")).to_have_value("Go: {{ step.name }}")
    page.get_by_role("button", name="Save draft").click()
    expect(page.locator(".toast")).to_contain_text("The draft is saved.")


def test_axe_finds_nothing_and_nothing_is_wider_than_a_phone(author: Open) -> None:
    page = author()
    for path in (EDIT, "/notification-drafts/new", "/notification-templates/step-failed"):
        check(page, path)
