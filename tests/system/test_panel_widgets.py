"""An author builds a condition, the fields of an input and notification policies without code: by
mouse alone, by keyboard alone, and with script off."""

from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.support.workflows import task, webhook
from tests.system.conftest import Console, Open
from tests.system.editor_pages import draft, hire, make, picture, saved, steps_of
from tests.system.looks import PHONE, WIDE, check

INPUT: dict[str, Any] = {
    "type": "object",
    "properties": {
        "total": {"type": "number", "title": "Total"},
        "country": {"title": "Country", "enum": ["DE", "AT", "CH"]},
        "gift": {"type": "boolean", "title": "Gift"},
    },
}
SHIP_ONLY_IF = {
    "all": [
        ["input.total", ">", 100],
        {"any": [["input.country", "in", ["DE", "AT"]], ["input.gift", "=", True]]},
    ]
}


@pytest.fixture
def author(console: Console, come: Open) -> Open:
    hire(console, "ada")
    return lambda **options: come("ada", **options)


def order(console: Console, key: str) -> str:
    """A draft in which something is packed and shipped; returns the path of its editor."""
    ship = webhook("ship", "pack", config={"url": f"{console.receiver.url}/ship"})
    return make(console, key, task("pack"), ship, inputSchema=INPUT)


def part(page: Page, *names: str) -> Locator:
    """A control of a widget by the end of its name."""
    return page.locator(f'#editor-panel [name="{".".join(names)}"]')


def choose(page: Page, name: str, label: str) -> None:
    """Pick from a list, and wait until it is saved."""
    part(page, name).select_option(label=label)
    saved(page)


def write(page: Page, name: str, text: str) -> None:
    """Type a text, leave the field, and wait until it is saved."""
    part(page, name).fill(text)
    part(page, name).blur()
    saved(page)


def press(page: Page, name: str) -> None:
    page.locator("#editor-panel").get_by_role("button", name=name).last.click()
    saved(page)


def test_a_condition_is_built_with_the_mouse(console: Console, author: Open) -> None:
    page, path = author(), order(console, "condition-by-mouse")
    page.goto(f"{path}?step=ship&tab=conditions")

    press(page, "Add a condition")
    choose(page, "when.parts.0.path", "Total (may be missing)")
    choose(page, "when.parts.0.op", "is more than")
    write(page, "when.parts.0.value", "100")
    press(page, "Add a group of conditions")
    choose(page, "when.parts.1.parts.0.path", "Country (may be missing)")
    choose(page, "when.parts.1.parts.0.op", "is one of")
    for country in ("DE", "AT"):
        page.get_by_label(country, exact=True).check()
        saved(page)
    page.locator('[value="add:when.parts.1.parts"]').click()
    choose(page, "when.parts.1.parts.1.path", "Gift (may be missing)")
    choose(page, "when.parts.1.parts.1.value", "yes")

    expect(page.locator(".condition-said")).to_have_text(
        "Only if Total is more than 100, and (Country is one of “DE” or “AT”, or Gift is yes)."
    )
    assert steps_of(console, path)["ship"]["when"] == SHIP_ONLY_IF
    picture(page, "condition-wide-light")


def test_rows_show_what_they_stand_for_after_one_before_them_is_gone(
    console: Console, author: Open
) -> None:
    page, path = author(), order(console, "condition-rows")
    page.goto(f"{path}?step=ship&tab=conditions")
    for at, (name, op) in enumerate((("Total", "is more than"), ("Gift", "is not"))):
        press(page, "Add a condition")
        choose(page, f"when.parts.{at}.path", f"{name} (may be missing)")
        choose(page, f"when.parts.{at}.op", op)
    choose(page, "when.parts.1.value", "yes")
    write(page, "when.parts.0.value", "7")

    page.get_by_role("button", name="Move up row 2 of conditions").click()
    saved(page)
    expect(part(page, "when.parts.0.path")).to_have_value("yes-no input.gift")
    expect(part(page, "when.parts.1.op")).to_have_value(">")
    page.get_by_role("button", name="Remove row 2 of conditions").click()
    saved(page)
    expect(part(page, "when.parts.0.op")).to_have_value("!=")
    expect(part(page, "when.parts.0.value")).to_have_value("true")
    assert steps_of(console, path)["ship"]["when"] == {"all": [["input.gift", "!=", True]]}


def test_a_condition_is_built_with_the_keyboard(console: Console, author: Open) -> None:
    page, path = author(), order(console, "condition-by-keys")
    page.goto(f"{path}?step=ship&tab=conditions")

    page.get_by_role("button", name="Add a condition").focus()
    page.keyboard.press("Enter")
    saved(page)
    expect(page.get_by_role("button", name="Add a condition")).to_be_focused()
    reach(page, part(page, "when.parts.0.path"), "Shift+Tab")
    page.keyboard.type("Total")
    saved(page)
    reach(page, part(page, "when.parts.0.op"))
    page.keyboard.type("is at l")
    saved(page)
    reach(page, part(page, "when.parts.0.value"))
    page.keyboard.type("12.5")
    saved(page)
    expect(part(page, "when.parts.0.value")).to_be_focused()

    assert steps_of(console, path)["ship"]["when"] == {"all": [["input.total", ">=", 12.5]]}


def reach(page: Page, control: Locator, key: str = "Tab") -> None:
    """Press a key until this control has the focus."""
    for _ in range(20):
        if control.evaluate("element => element === document.activeElement"):
            return
        page.keyboard.press(key)
    raise AssertionError("It can't be reached.")


def test_an_input_is_made_field_by_field(console: Console, author: Open) -> None:
    page, path = author(), make(console, "fields-by-mouse", task("pack"))
    page.goto(f"{path}?part=input")

    press(page, "Add a field")
    part(page, "inputSchema.properties.0.title").press_sequentially("Order number")
    expect(part(page, "inputSchema.properties.0.key")).to_have_value("orderNumber")
    page.get_by_label("Required").check()
    saved(page)
    press(page, "Add a field")
    write(page, "inputSchema.properties.1.title", "Size")
    choose(page, "inputSchema.properties.1.kind", "Choice")
    write(page, "inputSchema.properties.1.choices", "S\nM\nL")
    press(page, "Add a field")
    write(page, "inputSchema.properties.2.title", "Note")
    choose(page, "inputSchema.properties.2.kind", "Long text")

    shown = page.get_by_role("group", name="The form as people see it")
    expect(shown.get_by_label("Order number")).to_be_visible()
    expect(shown.get_by_label("Size").locator("option")).to_have_text(["", "S", "M", "L"])
    expect(shown.locator("textarea")).to_be_visible()
    assert draft(console, path).document["inputSchema"] == {
        "type": "object",
        "properties": {
            "orderNumber": {"type": "string", "title": "Order number"},
            "size": {"type": "string", "enum": ["S", "M", "L"], "title": "Size"},
            "note": {"type": "string", "format": "textarea", "title": "Note"},
        },
        "required": ["orderNumber"],
    }
    picture(page, "fields-wide-light")


def test_a_policy_is_made_and_its_words_are_shown(console: Console, author: Open) -> None:
    page, path = author(), order(console, "policy-by-mouse")
    page.goto(f"{path}?step=pack&tab=notifications")

    press(page, "Add a policy")
    page.get_by_role("group", name="Channel").get_by_label("SMS").check()
    saved(page)
    page.get_by_role("group", name="When").get_by_label("it is ready").check()
    saved(page)
    write(page, "notificationPolicies.cards.0.recipients.1", "assignee")
    expect(page.locator(".said-sms")).to_contain_text("Pack the order")
    part(page, "notificationPolicies.cards.0.template").select_option("step-completed")
    saved(page)
    expect(page.locator(".said-sms")).not_to_contain_text("can begin")

    policies = steps_of(console, path)["pack"]["notificationPolicies"]
    assert [(each["channel"], each["trigger"], each["template"]) for each in policies] == [
        ("SMS", "ON_READY", "step-completed"),
        ("SMS", "ON_FAILED", "step-completed"),
    ]
    assert policies[0]["recipients"] == ["role:operator", "assignee"]
    picture(page, "policy-wide-light")


def test_widgets_work_without_script(console: Console, author: Open) -> None:
    page, path = author(java_script_enabled=False), order(console, "widgets-without-script")
    save = page.get_by_role("button", name="Save", exact=True)

    page.goto(f"{path}?step=ship&tab=conditions")
    page.get_by_role("button", name="Add a condition").last.click()
    part(page, "when.parts.0.path").select_option(label="Total (may be missing)")
    part(page, "when.parts.0.op").select_option(label="is more than")
    part(page, "when.parts.0.value").fill("100")
    save.click()
    expect(page.locator(".condition-said").first).to_contain_text("Total is more than 100")

    page.goto(f"{path}?part=input")
    page.get_by_role("button", name="Add a field").click()
    part(page, "inputSchema.properties.3.title").fill("Colour")
    part(page, "inputSchema.properties.3.key").fill("")
    save.click()
    expect(part(page, "inputSchema.properties.3.key")).to_have_value("colour")
    page.get_by_role("button", name="Remove row 3 of fields").click()

    page.goto(f"{path}?step=pack&tab=notifications")
    page.get_by_role("button", name="Add a policy").click()
    part(page, "notificationPolicies.cards.0.recipients.1").fill("starter")
    save.click()
    page.get_by_role("button", name="Remove role:operator").click()

    assert list(draft(console, path).document["inputSchema"]["properties"]) == [
        "total",
        "country",
        "colour",
    ]
    [policy] = steps_of(console, path)["pack"]["notificationPolicies"]
    assert policy["recipients"] == ["starter"]
    assert steps_of(console, path)["ship"]["when"] == {"all": [["input.total", ">", 100]]}


@pytest.mark.parametrize("options", [WIDE, PHONE], ids=["wide light", "phone dark"])
def test_axe_finds_nothing_on_widgets(console: Console, author: Open, options: Any) -> None:
    policy = {"channel": "SMS", "trigger": "ON_READY", "template": "step-ready"}
    more = {
        "remind": {"every": "PT4H", "times": 3},
        "escalate": [{"after": "P1D", "to": ["role:admin"]}],
        "when": SHIP_ONLY_IF,
    }
    config = {
        "url": f"{console.receiver.url}/ship",
        "recurrence": {"cron": "0 9 * * 1-5", "count": 5},
        "retry": {"schedule": [5, 60]},
    }
    path = make(
        console,
        f"axe-widgets-{options['viewport']['width']}",
        task("pack", notificationPolicies=[policy | more], assignee="role:operator"),
        webhook("ship", "pack", config=config, when=SHIP_ONLY_IF),
        inputSchema=INPUT,
    )
    page = author(**options)
    for at in ("step=ship&tab=conditions", "step=ship&tab=schedule", "step=ship&tab=retry"):
        check(page, f"{path}?{at}")
    for at in (
        "step=pack&tab=notifications",
        "step=pack&tab=general",
        "part=input",
        "part=policies",
    ):
        check(page, f"{path}?{at}")
        assert page.evaluate("document.documentElement.scrollWidth") <= options["viewport"]["width"]
        picture(page, f"{at.replace('&', '-').replace('=', '-')}-{options['color_scheme']}")
