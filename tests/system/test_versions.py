"""An author changes a template while instances of it run: compares, publishes, starts, restores."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from app import transaction
from app.domain import drafts, instances, people, templates
from app.domain.people import Actor
from app.models.vocabulary import Role
from app.schemas.instance import InstanceIn
from app.schemas.template import Template
from tests.support.scheduling import make_schedule
from tests.support.workflows import AUTHOR, LOOPBACK, OPERATOR, publish, task, webhook
from tests.system.conftest import PASSWORD, Console, Open, open_console
from tests.system.editor_pages import saved
from tests.system.looks import PHONE, WIDE, check

INPUT = {
    "type": "object",
    "required": ["parcel"],
    "properties": {"parcel": {"type": "string", "title": "Parcel"}},
}
WEIGHED = {
    "type": "object",
    "required": ["parcel"],
    "properties": {
        "parcel": {"type": "string", "title": "Parcel"},
        "weight": {"type": "number", "title": "Weight in kg"},
    },
}
FIRST = [
    task("pack", config={"instructions": "Pack it and put it on the belt."}),
    webhook("ship", "pack", config={"url": "https://carrier.example.com/v1/parcels"}),
    task("wrap", "pack", name="Gift wrap"),
]
LATER = [
    task("pack", config={"instructions": "Pack it well, and put it on the scales."}),
    task("weigh", "pack", assignee="role:operator"),
    webhook("ship", "weigh", config={"url": "https://carrier.example.com/v2/parcels"}),
]


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory, sqlite_template) -> Iterator[Console]:
    """A console of its own, with an author in it who may add automation."""
    with open_console(tmp_path_factory.mktemp("versions"), sqlite_template) as console:
        with console.app.app_context(), transaction.writing() as session:
            ada = people.create_user(session, "ada@example.com", "Ada", "author", PASSWORD)
            ada.may_add_automation = True
        yield console


def parcels(console: Console, key: str) -> int:
    """A published template with an instance that runs; and a schedule that starts the newest."""
    with console.app.app_context():
        more = {"inputSchema": INPUT, "name": f"Parcels {key}"}
        template = publish(*FIRST, key=key, **more)
        make_schedule(templateKey=key, name=f"Each night {key}", input={"parcel": "P-0"})
        with transaction.writing() as session:
            wish = {"templateKey": key, "title": "Parcel 1", "input": {"parcel": "P-1"}}
            instances.start(session, InstanceIn.read(wish), OPERATOR)
        return template


def write(console: Console, template: int, key: str, by: str = AUTHOR) -> None:
    """The draft as somebody has changed it since."""
    document = {"key": key, "name": f"Parcels {key}", "inputSchema": WEIGHED, "steps": LATER}
    with console.app.app_context(), transaction.writing() as session:
        draft = Template.read(document)
        templates.replace_draft(session, template, draft, by, allow=LOOPBACK)


def test_it_is_changed_while_instances_run_then_compared_published_started_and_restored(
    console: Console, come: Open
) -> None:
    template = parcels(console, "story")
    page = come("ada")
    page.goto(f"/templates/{template}")
    page.get_by_role("link", name="Edit").click()
    name = page.locator("#field-name")
    name.fill("Pack with care")
    page.get_by_role("button", name="Save", exact=True).click()
    saved(page)

    page.goto(f"/templates/{template}")
    page.get_by_role("link", name="the draft has unpublished changes").click()
    expect(page.locator("main")).to_contain_text("Changed Pack with care.")
    box = page.get_by_role("link", name="Pack with care: Changed")
    box.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#step-pack ins")).to_contain_text("with care")

    write(console, template, "story")
    page.get_by_role("link", name="Publish …").click()
    expect(page.locator("main")).to_contain_text("1 instance goes on and stays on its version")
    expect(page.locator("main")).to_contain_text("Each night story")
    page.get_by_label("Note").fill("Weighed before it goes")
    write(console, template, "story", by="user:otto@example.com")
    publish_what_is_shown(page)
    expect(page.get_by_role("alert")).to_contain_text("otto@example.com changed the draft")
    expect(page.get_by_label("Note")).to_have_value("Weighed before it goes")
    publish_what_is_shown(page)
    expect(page.locator(".published")).to_contain_text("Version 2 is published.")

    page.get_by_role("link", name="Start an instance of it").click()
    page.get_by_label("Parcel").fill("P-2")
    page.get_by_label("Weight in kg").fill("3.5")
    page.get_by_label("Version").select_option("1")
    expect(page.get_by_label("Weight in kg")).to_have_count(0)
    expect(page.get_by_label("Parcel")).to_have_value("P-2")
    page.get_by_label("Version").select_option("2")
    expect(page.get_by_label("Weight in kg")).to_have_value("3.5")
    page.get_by_role("button", name="Start", exact=True).click()
    expect(page.locator("main")).to_contain_text("v2")

    page.goto(f"/templates/{template}/versions")
    expect(page.locator("#version-1")).to_contain_text("1 running")
    expect(page.locator("#version-2")).to_contain_text("Weighed before it goes")
    page.locator("#version-1").get_by_text("Restore …").click()
    page.get_by_role("button", name="Restore version 1").click()
    expect(page.locator(".toast")).to_contain_text("The draft is what version 1 was.")
    expect(page.locator("main")).to_contain_text("Added Gift wrap. Removed Weigh.")


def publish_what_is_shown(page: Page) -> None:
    if (anyway := page.get_by_label("Publish anyway")).count():
        anyway.check()
    page.get_by_role("button", name="Publish version").click()


def test_it_all_works_without_script(console: Console, come: Open) -> None:
    template = parcels(console, "plain")
    write(console, template, "plain")
    page = come("ada", java_script_enabled=False)
    page.goto(f"/templates/{template}/publish")
    publish_what_is_shown(page)
    page.get_by_role("link", name="Start an instance of it").click()
    page.get_by_label("Parcel").fill("P-3")
    page.get_by_label("Version").select_option("1")
    page.get_by_role("button", name="Show the fields of another version").click()
    expect(page.get_by_label("Parcel")).to_have_value("P-3")
    expect(page.get_by_label("Weight in kg")).to_have_count(0)
    page.get_by_role("button", name="Start", exact=True).click()
    expect(page.locator("main")).to_contain_text("v1")
    page.goto(f"/templates/{template}/versions")
    page.locator("#version-1").get_by_text("Restore …").click()
    write(console, template, "plain", by="user:otto@example.com")
    page.get_by_role("button", name="Restore version 1").click()
    expect(page.get_by_role("heading", name="otto@example.com was quicker")).to_be_visible()
    page.get_by_role("button", name="Overwrite it with version 1").click()
    expect(page.locator("main")).to_contain_text("Added Gift wrap.")


@pytest.fixture(scope="module")
def many(console: Console) -> int:
    """A template with three versions and a draft with something of everything."""
    template = parcels(console, "many")
    write(console, template, "many")
    with console.app.app_context(), transaction.writing() as session:
        templates.publish(session, template, AUTHOR, "Weighed before it goes", allow=LOOPBACK)
        steps = [LATER[0], LATER[2] | {"dependsOn": ["pack"]}, *FIRST[2:]]
        steps.append(task("tell", "ship", "gone", assignee="user:nobody@example.com"))
        document = {"key": "many", "name": "Parcels again", "steps": steps}
        ada = Actor("user:ada@example.com", Role.AUTHOR, may_add_automation=True)
        drafts.save(session, template, 2, ada, document, {}, LOOPBACK)
    return template


@pytest.mark.parametrize(
    "options",
    [WIDE, WIDE | {"color_scheme": "dark"}, PHONE, PHONE | {"color_scheme": "light"}],
    ids=["wide light", "wide dark", "phone dark", "phone light"],
)
def test_axe_finds_nothing_and_nothing_is_wider_than_a_phone(
    many: int, come: Open, options: dict
) -> None:
    page = come("ada", **options)
    base = f"/templates/{many}"
    paths = ("", "?version=1", "/versions", "/compare", "/compare?from=1&to=2&show=all")
    for path in (*paths, "/publish", "/start", "/start?version=1", "?published=2"):
        check(page, f"{base}{path}")
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= options["viewport"]["width"], path
    check(page, "/templates")
