"""Authors at the template editor: by mouse alone, by keyboard alone, and two at once."""

import pytest
from playwright.sync_api import Page, Route, expect

from tests.support.workflows import task, webhook
from tests.system.conftest import Console, Open
from tests.system.editor_pages import (
    draft,
    expect_names,
    hire,
    make,
    row,
    saved,
    steps_of,
    type_into,
)


@pytest.fixture
def author(console: Console, come: Open) -> Open:
    """Authors who may add automation; they come as `ada` or `bob`."""
    hire(console, "ada", "bob")
    hire(console, "amy", may_add_automation=False)
    return lambda name="ada", **options: come(name, **options)


def add(page: Page, kind: str, name: str) -> None:
    """Add a step behind the open one and give it a name."""
    page.locator("#add-step > summary").click()
    page.locator(f"#add-{kind}").click()
    expect(page.locator("#field-name")).to_be_focused()
    type_into(page, "name", name)
    expect(page.locator("#panel-title")).to_contain_text(name)


def test_an_author_builds_order_fulfilment_from_nothing_with_the_mouse(
    console: Console, author: Open
) -> None:
    page = author()
    page.goto("/templates")
    page.get_by_role("link", name="New template").click()
    page.get_by_label("Name").fill("Parcels by mouse")
    expect(page.locator("#key")).to_have_value("parcels-by-mouse")
    page.get_by_role("button", name="Create the draft").click()
    expect(page.get_by_role("heading", name="Parcels by mouse")).to_be_visible()
    path = page.url.split("?")[0].removeprefix(console.url)
    add_steps(console, page)

    # Pack waits for the approval too: picked on the graph.
    row(page, "Pack").get_by_role("link").click()
    expect(page.locator("#panel-title")).to_contain_text("Pack")
    page.locator("#pick-start").click()
    page.locator("#box-approval").click()
    saved(page)
    expect(page.locator("#box-approval")).to_have_class(r"graph-box mark-plain graph-awaited")
    page.locator("[data-pick-end]").click()
    found = steps_of(console, path)
    assert found["manual-task"]["dependsOn"] == ["webhook-2", "approval"]

    handle = row(page, "Approve").locator("[data-drag]")
    handle.drag_to(row(page, "Pack").locator("[data-drag]"), target_position={"x": 8, "y": 18})
    expect(page.locator("#steps > :last-child")).to_contain_text("Approve")
    assert [*steps_of(console, path)] == ["webhook", "webhook-2", "manual-task", "approval"]

    row(page, "Approve").get_by_role("link").click()
    page.locator("#remove_step").click()
    expect(page.locator("#editor-removed")).to_contain_text("Approve")
    expect(row(page, "Approve")).to_have_count(0)
    expect(page.locator('#steps [aria-current="true"]')).to_be_focused()
    page.get_by_role("button", name="Put back Approve").click()
    expect(row(page, "Approve")).to_be_visible()
    assert steps_of(console, path) == found | {"approval": found["approval"]}
    dry_run_publish_and_start(page)


def dry_run_publish_and_start(page: Page) -> None:
    """What comes after the editing: nothing is sent, then it is."""
    page.get_by_role("link", name="Dry run").click()
    expect(page.get_by_role("heading", name="Dry run: Parcels by mouse")).to_be_visible()
    expect(page.locator("#dry-run-result")).to_contain_text("Charge card")
    page.go_back()
    page.get_by_role("link", name="Publish …").click()
    page.get_by_label("Note").fill("The first one")
    page.get_by_role("button", name="Publish version 1").click()
    page.get_by_role("link", name="Start an instance").first.click()
    page.get_by_label("Title").fill("Parcel 1042")
    page.get_by_role("main").get_by_role("button", name="Start").click()
    expect(page.get_by_role("heading", name="Parcel 1042")).to_be_visible()
    expect(page.locator("#timeline")).to_contain_text("Reserve stock completed")


def add_steps(console: Console, page: Page) -> None:
    """Reserve, approve, charge, pack; a URL that is missing is said and then given."""
    add(page, "AUTOMATION_WEBHOOK", "Reserve stock")
    page.locator("#tab-action").click()
    type_into(page, "actionConfig-url", f"{console.receiver.url}/stock")
    add(page, "AUTOMATION_WEBHOOK", "Charge card")
    expect(page.locator("#editor-checks")).to_contain_text("1 check")
    page.locator("#tab-action").click()
    expect(page.locator("#pane-action .field-error").first).to_be_visible()
    type_into(page, "actionConfig-url", f"{console.receiver.url}/charge")
    expect(page.locator("#editor-checks")).to_contain_text("All checks pass")
    add(page, "MANUAL_TASK", "Pack")
    row(page, "Reserve stock").get_by_role("link").click()
    expect(page.locator("#panel-title")).to_contain_text("Reserve stock")
    add(page, "APPROVAL", "Approve")
    expect_names(page, "Reserve stock", "Approve", "Charge card", "Pack")


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def tab_to(page: Page, selector: str) -> None:
    """Press Tab until it has the focus."""
    for _ in range(120):
        if page.locator(selector).evaluate("element => element === document.activeElement"):
            return
        press(page, "Tab")
    raise AssertionError(f"no Tab leads to {selector}")


def test_an_author_builds_it_with_the_keyboard(console: Console, author: Open) -> None:
    page = author()
    page.goto("/templates/new")
    expect(page.locator("#name")).to_be_focused()
    page.keyboard.type("Parcels by keys")
    press(page, "Enter")
    expect(page.get_by_role("heading", name="Parcels by keys")).to_be_visible()
    path = page.url.split("?")[0].removeprefix(console.url)

    for kind, name in (("MANUAL_TASK", "Pick"), ("APPROVAL", "Check"), ("MANUAL_TASK", "Pack")):
        tab_to(page, "#add-step > summary")
        press(page, "Enter")
        tab_to(page, f"#add-{kind}")
        press(page, "Enter")
        expect(page.locator("#field-name")).to_be_focused()
        page.keyboard.type(name)  # over what was selected
        press(page, "Enter")  # saves
        expect(page.locator("#panel-title")).to_contain_text(name)
        saved(page)
        page.locator("#content").evaluate("element => { element.tabIndex = -1; element.focus() }")

    tab_to(page, "#open-manual-task-2")
    press(page, "Alt+ArrowUp", "Alt+ArrowUp")
    expect(page.locator("#steps > :first-child")).to_contain_text("Pack")
    saved(page)
    expect_names(page, "Pack", "Pick", "Check")
    expect(page.locator("#open-manual-task-2")).to_be_focused()

    press(page, "j", "Enter")  # the next one, opened
    expect(page.locator("#panel-title")).to_contain_text("Pick")
    tab_to(page, "#pick-start")
    press(page, "Enter")
    tab_to(page, "#box-manual-task-2")
    press(page, "Enter")
    saved(page)
    press(page, "Escape")
    expect(page.locator("#pick-start")).to_be_focused()
    assert steps_of(console, path)["manual-task"]["dependsOn"] == ["manual-task-2"]


def test_what_is_typed_saves_itself_and_keeps_focus_place_and_scroll(
    console: Console, author: Open
) -> None:
    steps = [webhook(f"s{n}", *([f"s{n - 1}"] if n else [])) for n in range(30)]
    path = make(console, "typed-away", *steps)
    page = author()
    page.goto(f"{path}?step=s20&tab=general")
    page.locator("#graph").evaluate("element => element.scrollTo(1500, 0)")
    name = page.locator("#field-name")
    name.click()
    press(page, "End")
    page.keyboard.type(" again")
    saved(page)
    expect(page.locator("#open-s20")).to_contain_text("S20 again")
    expect(name).to_be_focused()
    page.keyboard.type(" and more")
    saved(page)
    expect(name).to_have_value("S20 again and more")
    assert page.locator("#graph").evaluate("element => element.scrollLeft") == 1500
    assert steps_of(console, path)["s20"]["name"] == "S20 again and more"


def test_nothing_typed_is_lost_on_the_way_to_another_step(console: Console, author: Open) -> None:
    path = make(console, "on-the-way", task("a"), task("b"))
    page = author()
    page.goto(f"{path}?step=a")
    page.locator("#field-name").fill("Typed in haste")
    page.locator("#open-b").click()
    expect(page.locator("#panel-title")).to_contain_text("B")
    expect(page.locator("#field-name")).to_have_value("B")
    assert steps_of(console, path)["a"]["name"] == "Typed in haste"
    page.locator("#field-name").fill("In haste too")
    page.get_by_role("link", name="Templates").first.click()
    expect(page.get_by_role("heading", name="Templates", exact=True)).to_be_visible()
    assert steps_of(console, path)["b"]["name"] == "In haste too"


def test_what_is_typed_while_the_server_thinks_is_newer_than_its_answer(
    console: Console, author: Open
) -> None:
    path = make(console, "slow-answers", task("a"), task("b"))
    page = author()
    page.goto(f"{path}?step=a")
    held: list[Route] = []
    page.route("**/edit/steps/a", lambda route: held.append(route), times=1)
    with page.expect_request("**/edit/steps/a"):
        page.locator("#field-name").fill("First")
    page.locator("#field-name").fill("Second")
    page.locator("#field-description").fill("And a description")
    page.locator("#open-b").click()  # and away, before the first is answered
    held[0].continue_()
    expect(page.locator("#panel-title")).to_contain_text("B")
    found = steps_of(console, path)["a"]
    assert (found["name"], found["description"]) == ("Second", "And a description")


def test_a_server_that_is_away_loses_nothing(console: Console, author: Open) -> None:
    path = make(console, "server-away", task("a"), task("b"))
    page = author()
    page.goto(f"{path}?step=a")
    page.route("**/edit/steps/a", lambda route: route.abort())
    page.locator("#field-name").fill("Kept")
    expect(page.locator("#editor-saved")).to_contain_text("not saved yet")
    page.unroute("**/edit/steps/a")
    page.get_by_role("button", name="Save", exact=True).click()
    saved(page)
    assert steps_of(console, path)["a"]["name"] == "Kept"


def test_a_key_is_renamed_when_it_is_whole_and_the_address_follows(
    console: Console, author: Open
) -> None:
    path = make(console, "renamed", task("a"), task("b", "a"))
    page = author()
    page.goto(f"{path}?step=a")
    type_into(page, "key", "first")
    expect(page).to_have_url(f"{console.url}{path}?step=first&tab=general")
    assert steps_of(console, path)["b"]["dependsOn"] == ["first"]
    type_into(page, "key", "b")
    expect(page.locator("#pane-general")).to_contain_text("There is already a step with the key")
    type_into(page, "name", "Still saved")
    assert steps_of(console, path)["first"]["name"] == "Still saved"


def test_a_circle_is_said_and_the_page_stays_whole(console: Console, author: Open) -> None:
    path = make(console, "circle", task("a"), task("b", "a"))
    page = author()
    page.goto(f"{path}?step=a")
    page.locator("#field-dependsOn-b").check()
    expect(page.locator("#editor-graph")).to_contain_text("wait for each other in a circle")
    expect(page.locator("#box-b")).to_be_visible()
    page.locator("#field-dependsOn-b").uncheck()
    expect(page.locator("#editor-graph")).not_to_contain_text("in a circle")


def test_two_authors_collide_and_neither_loses_a_word(console: Console, author: Open) -> None:
    path = make(console, "collision", task("pack"), task("ship", "pack"))
    ada, bob = author("ada"), author("bob")
    for page in (ada, bob):
        page.goto(f"{path}?step=pack")
    type_into(ada, "name", "Ada's words")

    bob.locator("#field-name").fill("Bob's words")
    both = bob.locator("#editor-overtaken")
    expect(both).to_contain_text("ada@example.com saved this template")
    expect(both).to_contain_text("Bob's words")
    expect(both).to_contain_text("Ada's words")
    expect(bob.locator("#field-name")).to_have_value("Bob's words")
    bob.locator("#field-name").press_sequentially(", more")  # he goes on as if nothing was
    expect(both).to_contain_text("Bob's words, more")
    assert steps_of(console, path)["pack"]["name"] == "Ada's words"

    bob.locator("#use-mine").click()
    expect(bob.locator("#open-pack")).to_contain_text("Bob's words, more")
    saved(bob)
    assert steps_of(console, path)["pack"]["name"] == "Bob's words, more"

    ada.locator("#field-name").fill("Ada's last words")
    expect(ada.locator("#editor-overtaken")).to_contain_text("bob@example.com saved")
    ada.locator("#take-theirs").click()
    expect(ada.locator("#field-name")).to_have_value("Bob's words, more")
    expect(ada.locator("#editor-overtaken")).to_be_empty()
    type_into(ada, "name", "Agreed")
    assert steps_of(console, path)["pack"]["name"] == "Agreed"


def test_who_may_not_add_automation_sees_it_closed_and_is_told_why(
    console: Console, author: Open
) -> None:
    path = make(console, "closed", task("pack"), webhook("ship", "pack"))
    page = author("amy")
    page.goto(f"{path}?step=ship&tab=action")
    expect(page.locator("#pane-action")).to_contain_text("may add automation")
    expect(page.locator("#field-actionConfig-url")).to_be_disabled()
    expect(page.locator("#remove_step")).to_be_disabled()
    page.locator("#tab-general").click()
    type_into(page, "name", "Send it")
    assert steps_of(console, path)["ship"]["name"] == "Send it"
    page.locator("#add-step > summary").click()
    expect(page.locator("#add-AUTOMATION_EMAIL")).to_be_disabled()
    expect(page.locator("#add-locked")).to_be_visible()
    page.evaluate("document.querySelectorAll(':disabled').forEach(e => { e.disabled = false })")
    page.locator("#tab-action").click()
    page.locator("#field-actionConfig-url").fill("https://evil.example/")
    expect(page.locator("#editor-refusal")).to_contain_text("Only an author who may add automation")
    expect(page.locator("#field-actionConfig-url")).to_have_value("https://evil.example/")
    assert "evil" not in str(draft(console, path).document)
    page.on("dialog", lambda dialog: dialog.accept())  # leaving with words that are not saved


def test_without_script_it_works_by_plain_posts(console: Console, author: Open) -> None:
    path = make(console, "plain-posts", task("pack"), task("ship", "pack"))
    page = author(java_script_enabled=False)
    page.goto(f"{path}?step=pack")
    page.locator("#field-name").fill("Pack it")
    page.locator("#add-step > summary").click()
    page.locator("#add-APPROVAL").click()  # what was typed comes along
    expect(page.locator("#panel-title")).to_contain_text("Approval")
    expect_names(page, "Pack it", "Approval", "Ship")
    page.locator("#field-name").fill("Approve it")
    page.locator("#field-dependsOn-ship").check()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator(".toast")).to_contain_text("Saved.")
    page.get_by_role("button", name="Move Approve it down").click()
    expect_names(page, "Pack it", "Ship", "Approve it")
    page.locator("#remove_step").click()
    page.get_by_role("button", name="Put back Approve it").click()
    assert [*steps_of(console, path)] == ["pack", "ship", "approval"]
    assert steps_of(console, path)["approval"]["dependsOn"] == ["pack", "ship"]

    other = author("bob")
    other.goto(f"{path}?step=pack")
    type_into(other, "name", "Bob's")
    page.get_by_role("link", name="Pack it").first.click()
    page.locator("#field-name").fill("Ada's")
    type_into(other, "name", "Bob's again")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("#editor-overtaken")).to_contain_text("Bob's again")
    expect(page.locator("#field-name")).to_have_value("Ada's")
    page.locator("#use-mine").click()
    assert steps_of(console, path)["pack"]["name"] == "Ada's"
