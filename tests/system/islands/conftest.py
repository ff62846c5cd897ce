"""A browser, and the console of a few lines that its pages talk to."""

import threading
from collections.abc import Iterator
from functools import partial
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from devtools import gallery
from tests.system.islands.fake_console import Console, Server


@pytest.fixture(scope="package")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The gallery's files."""
    folder = tmp_path_factory.mktemp("gallery")
    gallery.write(folder)
    return folder


@pytest.fixture
def browser(chrome: Browser) -> Browser:
    """The one browser of all system tests: a process can have Playwright once only."""
    return chrome


@pytest.fixture
def console(pages: Path) -> Iterator[Console]:
    console = Console()
    handler = partial(Server, console=console, directory=str(pages))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, args=[0.05], daemon=True).start()
    console.address = f"http://127.0.0.1:{server.server_port}/page"
    yield console
    console.streaming = False
    server.shutdown()
    server.server_close()


@pytest.fixture
def page(browser: Browser, console: Console) -> Iterator[Page]:
    """The order's page with the step that failed; nothing in it may throw."""
    page = browser.new_page(viewport={"width": 1440, "height": 700})
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.goto(console.address)
    yield page
    page.close()
    assert not wrong
