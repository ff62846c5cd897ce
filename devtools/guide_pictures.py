"""Makes the pictures of the authors' guide (docs/authoring/guide.md), of the console as it is:

    python -m devtools.guide_pictures [FOLDER]

A throw-away console with the guide's template, and Chromium in front of it.
"""

import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from flask import Flask
from flask_migrate import upgrade
from playwright.sync_api import Page, ViewportSize, expect, sync_playwright
from werkzeug.serving import make_server

from app import bells, create_app, transaction
from app.config import Settings
from app.domain import people, secrets, templates
from app.domain.keyring import Keyring
from app.schemas.secret import SecretIn
from app.schemas.template import Template
from app.schemas.yaml_text import loads_yaml
from devtools import browser, ports
from devtools.env import make_env

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / "docs" / "images"
REFUND = ROOT / "docs" / "authoring" / "refund.yaml"
EMAIL, PASSWORD = "author@example.com", "a password for pictures"
SIZE: ViewportSize = {"width": 1440, "height": 760}
MOST_BYTES = 150_000
RUN = "input.amount=900&takes.approve=PT3H&outcomes.pay=exhausted"


@dataclass(frozen=True, slots=True)
class Picture:
    """Of which page, and what is done there before and after."""

    name: str
    path: str
    before: Callable[[Page], object] = lambda page: page
    after: Callable[[Page], object] = lambda page: page


def pictures(template: int) -> list[Picture]:
    edit = f"/templates/{template}/edit"
    return [
        Picture("guide-new", "/templates/new", lambda p: p.get_by_label("Name").fill("Refund")),
        Picture("guide-input", f"{edit}?part=input"),
        Picture("guide-action", f"{edit}?step=order&tab=action"),
        Picture("guide-condition", f"{edit}?step=approve&tab=conditions"),
        Picture("guide-notifications", f"{edit}?step=approve&tab=notifications"),
        Picture("guide-retry", f"{edit}?step=pay&tab=retry"),
        Picture("guide-dry-run", f"/templates/{template}/dry-run?{RUN}"),
        Picture("guide-publish", f"/templates/{template}/publish", after=_publish),
        Picture("guide-schedule", f"/schedules/new?template={template}", _nightly),
        Picture("guide-checks", f"{edit}?step=pay&tab=action", _wrong_path),
    ]


def _publish(page: Page) -> None:
    page.get_by_role("button", name="Publish version 1").click()
    page.wait_for_url(lambda url: not url.endswith("/publish"))


def _nightly(page: Page) -> None:
    page.get_by_label("Name", exact=True).fill("Daily refund")
    page.get_by_label("Common rules").select_option("Every day at 09:00")
    expect(page.locator("#schedule-preview")).to_contain_text("At 09:00 every day")


def _wrong_path(page: Page) -> None:
    """A placeholder with a slip of the pen, as an author makes it."""
    page.locator("#field-actionConfig-url").fill("https://pay.example.com/{{ input.order }}")
    page.locator("#field-actionConfig-url").blur()
    expect(page.locator("#editor-checks")).not_to_contain_text("All checks pass")


@contextmanager
def console(folder: Path) -> Iterator[tuple[str, int]]:
    """A console on a database of its own, with the guide's template in it; its URL and the
    template's id."""
    port = ports.free_port()
    url = f"http://127.0.0.1:{port}"
    given = {"DATABASE_URL": f"sqlite:///{folder}/guide.db", "BASE_URL": url}
    environ = make_env(given | {"SMTP_URL": "smtp://127.0.0.1:25"}, folder, port=port).merged
    app = create_app(Settings.load(environ))
    bells.use(bells.NoBell())
    with app.app_context():
        upgrade()
        template = furnish(app)
    server = make_server("127.0.0.1", port, app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield url, template
    server.shutdown()


def furnish(app: Flask) -> int:
    """People, secrets, and the template."""
    settings: Settings = app.config["SETTINGS"]
    with transaction.writing() as session:
        for email, name, role in (
            (EMAIL, "Author", "author"),
            ("admin@example.com", "Admin", "admin"),
            ("operator@example.com", "Operator", "operator"),
        ):
            may = role == "author"
            people.create_user(session, email, name, role, PASSWORD, may_add_automation=may)
        keyring = Keyring.parse(settings.encryption_keys)
        for secret in ("SHOP_TOKEN", "PAY_KEY"):
            wish = SecretIn.read({"name": secret, "value": "a value for pictures, thirty-two"})
            secrets.create(session, keyring, wish, EMAIL)
        template = Template.read(loads_yaml(REFUND.read_bytes()))
        return templates.create(session, template, EMAIL).id


def sign_in(page: Page) -> None:
    page.goto("/sign-in")
    page.get_by_label("Email").fill(EMAIL)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


def take(page: Page, picture: Picture, folder: Path) -> int:
    """Take it; returns its size in bytes."""
    page.goto(picture.path)
    picture.before(page)
    page.evaluate("document.querySelectorAll('.banner').forEach(each => each.remove())")
    page.wait_for_load_state("networkidle")
    path = folder / f"{picture.name}.png"
    page.screenshot(path=path)
    picture.after(page)
    return path.stat().st_size


def main(arguments: list[str]) -> int:
    out = Path(arguments[0]) if arguments else OUT
    out.mkdir(parents=True, exist_ok=True)
    too_large: list[str] = []
    with (
        tempfile.TemporaryDirectory() as folder,
        console(Path(folder)) as (url, template),
        sync_playwright() as playwright,
    ):
        chrome = playwright.chromium.launch(executable_path=browser.find(), args=["--no-sandbox"])
        context = chrome.new_context(base_url=url, viewport=SIZE, color_scheme="light")
        page = context.new_page()
        sign_in(page)
        for picture in pictures(template):
            size = take(page, picture, out)
            print(f"{picture.name}.png {size:,} bytes")
            too_large += [picture.name] if size > MOST_BYTES else []
        chrome.close()
    if too_large:
        print(f"More than {MOST_BYTES:,} bytes: {', '.join(too_large)}")
    return 1 if too_large else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
