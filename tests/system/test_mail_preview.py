"""The mail that a step would send stands on its pages as its reader gets it: its HTML in a frame
that runs nothing, and axe finds nothing around it."""

import pytest
from playwright.sync_api import expect

from tests.support.mailing import email
from tests.support.workflows import begin, publish, task
from tests.system.conftest import Console, Open
from tests.system.looks import PHONE, WIDE, check

HTML = "<h1>Thank you, {{ input.name }}</h1><script>document.body.innerHTML = 'hacked'</script>"
SCHEMA = {"type": "object", "properties": {"name": {"type": "string", "examples": ["Ann"]}}}


@pytest.fixture(scope="module")
def letter(console: Console) -> tuple[int, int]:
    """A template with a mail to come, and an instance of it."""
    with console.app.app_context():
        mail = email("thank", "pack", subject="To {{ input.name }}", html=HTML)
        template = publish(task("pack"), mail, key="letters", inputSchema=SCHEMA)
        return template, begin("letters", name="Bo & Jo")


@pytest.mark.parametrize("options", [WIDE, PHONE], ids=["wide light", "phone dark"])
def test_a_mail_to_come_is_seen_as_its_reader_gets_it(
    letter: tuple[int, int], come: Open, options: dict
) -> None:
    template, instance = letter
    page = come(**options)
    check(page, f"/templates/{template}?step=thank")
    head, frame = page.locator("#preview .mail-head"), page.frame_locator("#preview iframe")
    expect(head).to_contain_text("To Ann")
    expect(frame.locator("h1")).to_have_text("Thank you, Ann")
    page.get_by_label("With the input of instance").fill(str(instance))
    page.get_by_role("button", name="Show").click()
    expect(head).to_contain_text("To Bo & Jo")
    expect(frame.locator("h1")).to_have_text("Thank you, Bo & Jo")

    check(page, f"/instances/{instance}/steps/thank")
    expect(head).to_contain_text("To Bo & Jo")
    expect(frame.locator("h1")).to_have_text("Thank you, Bo & Jo")
    wide = page.evaluate("document.documentElement.scrollWidth")
    assert wide <= options["viewport"]["width"]
