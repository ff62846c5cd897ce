"""An admin lets somebody in and sends them away; a look follows its person; axe finds nothing."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from app import transaction
from app.domain import people
from tests.support.cast import group, invite
from tests.support.looking import look
from tests.support.workflows import begin, publish, task
from tests.system.conftest import PASSWORD, Console, Open, open_console
from tests.system.looks import PHONE, WIDE, check


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory, sqlite_template) -> Iterator[Console]:
    """A console of its own: who may come is what this is about."""
    with open_console(tmp_path_factory.mktemp("people"), sqlite_template) as console:
        yield console


@pytest.fixture(scope="module", autouse=True)
def ada(console: Console) -> None:
    """An admin, and a group with a task."""
    with console.app.app_context():
        with transaction.writing() as session:
            people.create_user(session, "ada@example.com", "Ada", "admin", PASSWORD)
            people.create_token(session, "shop", "operator")
        group("finance", "olga@example.com")
        publish(task("pay", name="Pay it", assignee="group:finance"), key="pay", name="Payments")
        begin("pay")


@pytest.fixture
def nora(console: Console, chrome: Browser) -> Iterator[Page]:
    """Another browser, of somebody whom nobody knows yet."""
    context = chrome.new_context(base_url=console.url)
    yield context.new_page()
    context.close()


def test_somebody_is_invited_comes_works_and_is_sent_away(
    console: Console, come: Open, nora: Page
) -> None:
    ada = come("ada")
    ada.goto("/users")
    ada.get_by_label("Email", exact=True).fill("nora@example.com")
    ada.get_by_label("Name", exact=False).last.fill("Nora")
    ada.get_by_label("Role").last.select_option("author")
    ada.get_by_role("button", name="Invite", exact=True).click()
    link = ada.locator("#link").inner_text()

    nora.goto(link)
    expect(nora.get_by_role("heading", name="Welcome to Runsheet")).to_be_visible()
    nora.get_by_label("Password").fill(PASSWORD)
    nora.get_by_label("The same again").fill(PASSWORD)
    nora.get_by_role("button", name="Join").click()
    expect(nora.get_by_label("Email")).to_have_value("nora@example.com")
    nora.get_by_label("Password").fill(PASSWORD)
    nora.get_by_role("button", name="Sign in").click()
    expect(nora.locator(".foot")).to_contain_text("signed in as Nora, author")
    nora.goto(console.begin("Order that Nora follows"))
    expect(nora.locator("#live-mark")).to_contain_text("live")

    ada.get_by_role("link", name="I have it").click()
    ada.get_by_text("Deactivate …").click()
    ada.get_by_label("Reason").last.fill("Her contract has ended.")
    ada.get_by_role("button", name="Deactivate", exact=True).click()
    expect(ada.locator(".facts").first).to_contain_text("Deactivated")

    expect(nora.locator("#live-mark")).to_contain_text("you are signed out")
    nora.locator("#act-pause > summary").click()
    nora.locator("#act-pause-form button").click()
    expect(nora.locator(".toast-error")).to_contain_text("You are signed out")
    nora.goto("/tasks")
    expect(nora.get_by_role("heading", name="Sign in")).to_be_visible()


def test_a_theme_follows_its_person_to_another_browser(come: Open) -> None:
    here = come("ada", color_scheme="light")
    with here.expect_response("**/account/theme") as kept:
        here.locator("[data-theme-switch]").click()
    assert kept.value.status == 204
    there = come("ada", color_scheme="light")
    assert there.locator("html").get_attribute("data-theme") == "dark"
    with there.expect_response("**/account/theme"):
        there.locator("[data-theme-switch]").click()
    here.reload()
    assert here.locator("html").get_attribute("data-theme") is None
    here.get_by_role("button", name="sign out").click()
    expect(here.get_by_role("heading", name="Sign in")).to_be_visible()


def test_a_session_is_ended_from_another_browser_without_script(come: Open) -> None:
    here, there = come("ada"), come("ada", java_script_enabled=False)
    there.goto("/account")
    there.get_by_role("button", name="Sign out everywhere else").click()
    expect(there.locator("#sessions li")).to_have_count(1)
    here.reload()
    expect(here.get_by_role("heading", name="Sign in")).to_be_visible()


def test_keys_alone_lead_to_people_groups_and_tokens(come: Open) -> None:
    page = come("ada")
    for key, name in (("u", "People"), ("r", "Groups"), ("o", "Tokens")):
        page.keyboard.press("g")
        page.keyboard.press(key)
        expect(page.get_by_role("heading", name=name, exact=True)).to_be_visible()
    page.keyboard.press("g")
    page.keyboard.press("u")
    expect(page.get_by_role("heading", name="People", exact=True)).to_be_visible()
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="What they may do")).to_be_visible()


@pytest.mark.parametrize("options", [WIDE, PHONE], ids=["wide light", "phone dark"])
def test_axe_finds_nothing_on_their_pages(console: Console, come: Open, options: dict) -> None:
    page = come("ada", **options)
    with console.app.app_context():
        _, url = invite(f"axe-{options['color_scheme']}@example.com")
        ada = look(lambda s: s.query(people.User.id).filter_by(name="Ada").scalar())
    paths = ["/users", "/users?q=nothing", "/users/1", f"/users/{ada}", "/groups"]
    paths += ["/groups/finance", "/tokens", "/tokens?q=nothing", "/account", "/settings"]
    for path in (*paths, "/welcome/" + url.rpartition("/")[2], "/welcome/gone"):
        check(page, path)
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= options["viewport"]["width"], path
