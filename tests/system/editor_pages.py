"""What authors do on the page of the template editor, for the stories in these tests."""

import os
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page, expect

from app import transaction
from app.domain import drafts, people, templates
from app.domain.drafts import Draft
from app.schemas.template import Template
from tests.support.workflows import AUTHOR, LOOPBACK
from tests.system.conftest import PASSWORD, Console

# Pictures of all states, to be looked at: written where this says, if it says so.
PICTURES = os.environ.get("RUNSHEET_PICTURES", "")


def hire(console: Console, *names: str, may_add_automation: bool = True) -> None:
    """Authors who can sign in, whatever other stories made of them."""
    from sqlalchemy import select

    from app.models import User

    with console.app.app_context(), transaction.writing() as session:
        for name in names:
            email = f"{name}@example.com"
            user = session.scalar(select(User).where(User.email == email))
            if user is None:
                user = people.create_user(session, email, name.title(), "author", PASSWORD)
            user.role, user.may_add_automation = "author", may_add_automation


def make(console: Console, key: str, *steps: dict[str, Any], **more: Any) -> str:
    """A template with this draft; returns the path of its editor."""
    document = {"key": key, "name": key.replace("-", " ").capitalize(), "steps": [*steps]} | more
    with console.app.app_context(), transaction.writing() as session:
        row = templates.create(session, Template.read(document), AUTHOR, allow=LOOPBACK)
        return f"/templates/{row.id}/edit"


def draft(console: Console, path: str) -> Draft:
    """What is saved of it."""
    with console.app.app_context(), transaction.reading() as session:
        return drafts.read(session, int(path.split("/")[2]))


def steps_of(console: Console, path: str) -> dict[str, dict[str, Any]]:
    """The steps that are saved, by key, in their order."""
    return {step["key"]: step for step in draft(console, path).document["steps"]}


def saved(page: Page) -> None:
    """Waits until all that was typed is saved."""
    expect(page.locator("#editor-saved [data-saved]")).to_be_visible()
    expect(page.locator("#editor-saved [data-unsaved]")).to_be_hidden()


def type_into(page: Page, field: str, text: str) -> None:
    """Type a text, leave the field, and wait until it is saved."""
    page.locator(f"#field-{field}").fill(text)
    page.locator(f"#field-{field}").blur()
    saved(page)


def row(page: Page, name: str) -> Locator:
    """A step in the list."""
    return page.locator(".editor-row").filter(has_text=name)


def expect_names(page: Page, *names: str) -> None:
    """The names in the list, from top to bottom."""
    expect(page.locator("#steps .step-name")).to_have_text(names)


def picture(page: Page, name: str) -> None:
    """A picture of the page as it is, for people who look at them."""
    if PICTURES:
        Path(PICTURES).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=f"{PICTURES}/{name}.png", caret="initial")
