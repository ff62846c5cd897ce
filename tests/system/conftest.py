"""The whole console as it is run: gunicorn, an automation worker, Redis, a receiver, and people
with real browsers."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from app import create_app, transaction
from app.config import Settings
from app.domain import instances, people
from app.extensions import db
from app.schemas.instance import InstanceIn
from devtools import browser as chromium
from devtools.ports import free_port
from tests.conftest import environment
from tests.support import servers
from tests.support.channel_rigs import VAPID_KEY
from tests.support.processes import BIN, WORKER, running
from tests.support.receiver import Receiver, receiving
from tests.support.waiting import wait_until
from tests.support.workflows import OPERATOR, publish, task, webhook

PASSWORD = "correct horse battery"
SERVER = [str(BIN / "gunicorn"), "--config", "gunicorn.conf.py", "app:create_app()"]
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SCHEMA = {
    "type": "object",
    "required": ["orderId"],
    "properties": {
        "orderId": {"type": "string", "title": "Order number"},
        "total": {"type": "number", "title": "Total", "default": 129.9},
        "gift": {"type": "boolean", "title": "Gift"},
    },
}
expect.set_options(timeout=20_000)


@dataclass
class Console:
    """Where it is, and the receiver that its webhooks go to."""

    url: str
    receiver: Receiver
    app: Flask
    environ: dict[str, str]

    def begin(self, title: str) -> str:
        """Start an order; returns the path of its page."""
        with self.app.app_context(), transaction.writing() as session:
            wish = {"templateKey": "order", "title": title, "input": {"orderId": "A-1"}}
            return f"/instances/{instances.start(session, InstanceIn.read(wish), OPERATOR)}"

    def answers(self, status: int) -> None:
        """What the receiver says from now on."""
        self.receiver.answer = lambda _got: (status, {}, b'{"ok":true}')


@pytest.fixture(scope="session")
def console(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[Console]:
    """One console for all stories that can share it: what one of them leaves, the others see."""
    with open_console(tmp_path_factory.mktemp("console"), sqlite_template) as console:
        yield console


@contextmanager
def open_console(folder: Path, sqlite_template: Path, **settings: str) -> Iterator[Console]:
    """A console with a database and a Redis of its own, so that nothing another test left is in
    it; ended with the block. `settings`: more for its environment."""
    database = shutil.copy(sqlite_template, folder / "console.db")
    port = free_port()
    with ExitStack() as stack:
        environ = environment(
            DATABASE_URL=f"sqlite:///{database}",
            REDIS_URL=stack.enter_context(servers.private_redis(folder)),
            PORT=str(port),
            GUNICORN_CMD_ARGS=f"--bind 127.0.0.1:{port}",
            BASE_URL=f"http://127.0.0.1:{port}",
            VAPID_PRIVATE_KEY=VAPID_KEY,
            **settings,
        )
        app = create_app(Settings.load(environ))
        receiver = stack.enter_context(receiving())
        with app.app_context():
            prepare(receiver)
        stack.enter_context(running(SERVER, environ, folder / "web.log"))
        stack.enter_context(running(WORKER, environ, folder / "worker.log", "workflow-automation"))
        url = f"http://127.0.0.1:{port}"
        wait_until(lambda: is_ready(f"{url}/readyz"), why="the console is ready")
        yield Console(url, receiver, app, environ)
        with app.app_context():
            db.session.remove()
            db.engine.dispose()


def prepare(receiver: Receiver) -> None:
    """Two operators, and a template: a person packs, then the system ships and tells."""
    with transaction.writing() as session:
        for name in ("Olga", "Otto"):
            email = f"{name.lower()}@example.com"
            people.create_user(session, email, name, "operator", PASSWORD)
    ship = {"url": f"{receiver.url}/ship", "retry": {"maxAttempts": 2, "schedule": [600]}}
    publish(
        task("pack", assignee="role:operator", dueIn="PT4H"),
        webhook("ship", "pack", config=ship),
        webhook("tell", "ship", config={"url": f"{receiver.url}/tell"}),
        name="Order fulfilment",
        description="Pack it, ship it, tell the customer.",
        inputSchema=SCHEMA,
    )


def is_ready(url: str) -> bool:
    try:
        with urlopen(url, timeout=2) as answer:
            return b'"worker":{"ok":true' in answer.read()
    except (URLError, OSError):
        return False


@pytest.fixture(scope="session")
def chrome() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium.find(), args=FLAGS)
        yield browser
        browser.close()


Open = Callable[..., Page]


@pytest.fixture
def come(console: Console, chrome: Browser) -> Iterator[Open]:
    """Somebody opens a browser and signs in; returns the page. Nothing in it may throw."""
    contexts: list[BrowserContext] = []
    wrong: list[str] = []
    console.answers(200)

    def open_browser(name: str = "olga", **options: Any) -> Page:
        given: dict[str, Any] = {"viewport": {"width": 1440, "height": 900}} | options
        context = chrome.new_context(base_url=console.url, **given)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda message: refused(message.text, wrong))
        sign_in(page, name)
        return page

    yield open_browser
    for context in contexts:
        context.close()
    assert not wrong


def sign_in(page: Page, name: str) -> None:
    page.goto("/sign-in")
    page.get_by_label("Email").fill(f"{name}@example.com")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Dashboard")).to_be_visible()


def refused(text: str, wrong: list[str]) -> None:
    if "Content Security Policy" in text:
        wrong.append(text)
