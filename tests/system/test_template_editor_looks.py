"""The template editor in all its states: axe finds nothing, nothing is wider than a phone, and
pictures are taken for people to look at (RUNSHEET_PICTURES=folder)."""

from collections.abc import Callable
from itertools import count

import pytest
from playwright.sync_api import Page, expect

from tests.support.workflows import make_step, task, webhook
from tests.system.conftest import Console, Open
from tests.system.editor_pages import hire, make, picture, saved, type_into
from tests.system.looks import nothing_is_wrong

STEPS = (
    task("pack", description="Into the **large** box.", assignee="role:operator"),
    make_step("ask", "APPROVAL", ["pack"], {"question": "Ship it?"}, {}),
    make_step("form", "FORM_INPUT", ["pack"], {}, {}),
    webhook(
        "ship",
        "ask",
        "form",
        config={"body": {"order": "{{ input.order }}"}, "headers": {"X-A": "b"}},
        when={"all": [["steps.ask.output.outcome", "=", "approved"]]},
        notificationPolicies=[{"channel": "EMAIL", "trigger": "ON_FAILED"}],
    ),
    make_step(
        "mail", "AUTOMATION_EMAIL", ["ship"], {"to": ["a@example.com"], "subject": "Sent"}, {}
    ),
    make_step("rest", "WAIT_TIMER", ["ship"], {"delay": "PT1H"}, {}),
    make_step("answer", "WAIT_CALLBACK", ["ship"], {"timeout": "P1D"}, {}),
)
INPUT = {"type": "object", "properties": {"order": {"type": "string", "title": "Order number"}}}
TABS = ("general", "action", "schedule", "conditions", "retry", "notifications")
LOOKS = {
    f"{name} {theme}": {"viewport": {"width": width, "height": height}, "color_scheme": theme}
    for name, width, height in (("wide", 1440, 900), ("phone", 390, 844))
    for theme in ("light", "dark")
}


@pytest.fixture
def path(console: Console) -> str:
    """The editor of a template with a step of each kind."""
    hire(console, "ada", "bob")
    hire(console, "amy", may_add_automation=False)
    return make(console, f"looks-{next(NUMBERS)}", *STEPS, inputSchema=INPUT)


NUMBERS = count(1)


def look(page: Page, name: str) -> None:
    """Nothing is wrong with it as it now is."""
    picture(page, name)
    nothing_is_wrong(page, name)


@pytest.mark.parametrize("name", LOOKS)
def test_nothing_is_wrong_with_any_state(
    console: Console, come: Open, path: str, name: str
) -> None:
    closed = come("amy", **LOOKS[name])
    closed.goto(f"{path}?step=ship&tab=action")
    look(closed, f"closed {name}")
    closed.goto(f"{path}?step=ask")
    look(closed, f"waited for {name}")
    page = come("ada", **LOOKS[name])
    for state, reach in states(path).items():
        reach(page)
        look(page, f"{state} {name}")


def states(path: str) -> dict[str, Callable[[Page], object]]:
    """How each state is reached, in this order."""
    found: dict[str, Callable[[Page], object]] = {
        "new": lambda page: page.goto("/templates/new"),
        "key taken": lambda page: taken(page),
    }
    for part in ("template", "input", "policies", "checks"):
        found[part] = lambda page, part=part: page.goto(f"{path}?part={part}")
    for key in ("pack", "ask", "form", "mail", "rest", "answer"):
        found[key] = lambda page, key=key: page.goto(f"{path}?step={key}&tab=action")
    for tab in TABS:
        found[f"ship {tab}"] = lambda page, tab=tab: page.goto(f"{path}?step=ship&tab={tab}")
    return found | {
        "adding": adding,
        "picking": picking,
        "faults": faults,
        "circle": circle,
        "removed": removed,
    }


def taken(page: Page) -> None:
    page.locator("#name").fill("Order")
    page.get_by_role("button", name="Create the draft").click()
    expect(page.locator("#key-error")).to_be_visible()


def adding(page: Page) -> None:
    page.locator("#add-step > summary").click()


def picking(page: Page) -> None:
    page.keyboard.press("Escape")
    page.locator("#tab-general").click()
    page.locator("#pick-start").click()
    expect(page.locator("#picking")).to_be_visible()


def faults(page: Page) -> None:
    page.keyboard.press("Escape")
    page.locator("#tab-action").click()
    type_into(page, "actionConfig-url", "nonsense")
    expect(page.locator("#pane-action .field-error").first).to_be_visible()


def circle(page: Page) -> None:
    page.locator("#tab-general").click()
    page.locator("#field-dependsOn-mail").check()
    saved(page)
    expect(page.locator("#editor-graph")).to_contain_text("in a circle")


def removed(page: Page) -> None:
    page.locator("#remove_step").click()
    expect(page.locator("#editor-removed")).to_contain_text("Ship")


@pytest.mark.parametrize("name", LOOKS)
def test_nothing_is_wrong_where_two_collide(
    console: Console, come: Open, path: str, name: str
) -> None:
    ada, bob = come("ada", **LOOKS[name]), come("bob", **LOOKS[name])
    for page in (ada, bob):
        page.goto(f"{path}?step=pack&tab=general")
    type_into(ada, "name", "Ada's words")
    bob.locator("#field-name").fill("Bob's words")
    expect(bob.locator("#editor-overtaken")).to_contain_text("Ada's words")
    look(bob, f"collision {name}")
    bob.locator("#use-mine").click()
    saved(bob)
