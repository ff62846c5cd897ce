"""The live region follows its server without taking anything away from whoever reads or types.

A server of a few lines stands in for the console: it renders the gallery's order with as many
events as the test says, answers fragments, and streams changes. The contract stands at the top of
app/static/js/live.js.
"""

import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from devtools import browser as chromium
from devtools import gallery
from devtools import gallery_data as data

TOTAL = len(data.EVENTS)


@dataclass
class Console:
    """What the server would say now."""

    shown: int = 3  # events that have happened
    streaming: bool = True
    signed_in: bool = True
    fragments: list[dict[str, list[str]]] = field(default_factory=list)
    changed: threading.Condition = field(default_factory=threading.Condition)

    def happen(self, count: int = 1) -> None:
        with self.changed:
            self.shown += count
            self.changed.notify_all()

    @property
    def seq(self) -> int:
        return data.EVENTS[TOTAL - self.shown].seq

    def render(self, template: str) -> bytes:
        events = data.EVENTS[TOTAL - self.shown :]
        instance = data.Thing(**vars(data.INSTANCE) | {"event_seq": self.seq})
        values = {
            "url_for": url_for,
            "step": data.CHARGE,
            "events": events,
            "instance": instance,
            "banner": None,
        }
        return gallery.environment().get_template(template).render(values).encode()


def url_for(endpoint: str, **values: Any) -> str:
    if endpoint in ("instances.stream", "instances.live"):
        return "/" + endpoint.split(".")[1]
    return gallery.url_for(endpoint, **values)


class Server(SimpleHTTPRequestHandler):
    def __init__(self, *args: Any, console: Console, **more: Any) -> None:
        self.console = console
        super().__init__(*args, **more)

    def do_GET(self) -> None:
        place = urlsplit(self.path)
        if place.path == "/stream":
            self.stream()
        elif place.path == "/live":
            self.console.fragments.append(parse_qs(place.query))
            self.answer("instances/_live.html")
        elif place.path == "/page":
            self.answer("instance.html")
        else:
            super().do_GET()

    def answer(self, template: str) -> None:
        if not self.console.signed_in:
            self.send_response(302)
            self.send_header("Location", "/auth.html")
            self.end_headers()
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Security-Policy", gallery.CSP)
        self.end_headers()
        self.wfile.write(self.console.render(template))

    def stream(self) -> None:
        console = self.console
        if not console.streaming:
            self.send_error(503)
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        after = int(parse_qs(urlsplit(self.path).query)["after"][0])
        while console.streaming:
            with console.changed:
                console.changed.wait(0.3)
            if console.seq > after:
                after = console.seq
                self.wfile.write(f"id: {after}\nevent: change\ndata:\n\n".encode())
            else:
                self.wfile.write(b": still here\n\n")

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""


@pytest.fixture
def console(tmp_path: Path) -> Iterator[tuple[Console, str]]:
    gallery.write(tmp_path)
    console = Console()
    handler = partial(Server, console=console, directory=str(tmp_path))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield console, f"http://127.0.0.1:{server.server_port}/page"
    console.streaming = False
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium.find(), args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser, console: tuple[Console, str]) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 1440, "height": 700})
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.goto(console[1])
    yield page
    page.close()
    assert not wrong


def test_what_happens_appears_by_itself(page: Page, console: tuple[Console, str]) -> None:
    expect(page.locator("#timeline > li")).to_have_count(3)
    expect(page.locator("#live-mark")).to_contain_text("live")
    console[0].happen(2)
    expect(page.locator("#timeline > li")).to_have_count(5)
    expect(page.locator("#timeline-new")).to_be_hidden()


def test_typing_outlives_an_update(page: Page, console: tuple[Console, str]) -> None:
    page.locator("#act-charge-skip > summary").click()
    reason = page.locator("#act-charge-skip-reason")
    reason.press_sequentially("The customer")
    console[0].happen()
    expect(page.locator("#timeline > li")).to_have_count(4)
    reason.press_sequentially(" called")
    expect(reason).to_have_value("The customer called")
    expect(reason).to_be_focused()


def test_what_was_opened_or_closed_stays_so(page: Page, console: tuple[Console, str]) -> None:
    page.locator("#attempts > summary").click()
    page.locator("#properties > summary").click()
    console[0].happen()
    expect(page.locator("#timeline > li")).to_have_count(4)
    expect(page.locator("#attempts")).not_to_have_attribute("open", "")
    expect(page.locator("#properties")).to_have_attribute("open", "")


def test_the_focus_stays_on_the_row(page: Page, console: tuple[Console, str]) -> None:
    page.keyboard.press("j")
    page.keyboard.press("j")
    before = page.evaluate("document.activeElement.href")
    console[0].happen()
    expect(page.locator("#timeline > li")).to_have_count(4)
    assert page.evaluate("document.activeElement.href") == before


@pytest.mark.parametrize("size", [(1440, 700), (390, 844)], ids=["wide", "phone"])
def test_what_is_being_read_does_not_move(
    page: Page, console: tuple[Console, str], size: tuple[int, int]
) -> None:
    page.set_viewport_size({"width": size[0], "height": size[1]})
    console[0].happen(TOTAL - 6)
    expect(page.locator("#timeline > li")).to_have_count(TOTAL - 3)
    read = page.locator("#timeline > li").nth(8)
    read.evaluate("each => each.scrollIntoView({ block: 'start' })")
    page.wait_for_timeout(100)
    before = read.bounding_box()
    line = page.locator(f"#{read.get_attribute('id')}")
    console[0].happen(3)
    expect(page.locator("#timeline > li")).to_have_count(TOTAL)
    after = line.bounding_box()
    assert before and after and abs(before["y"] - after["y"]) < 1
    bar = page.locator("#timeline-new")
    expect(bar).to_have_text("3 new ↑")
    bar.click()
    expect(bar).to_be_hidden()
    expect(page.locator("#timeline > li").first).to_be_in_viewport()


def test_without_a_stream_it_asks_again_and_again(page: Page, console: tuple[Console, str]) -> None:
    console[0].streaming = False
    page.reload()
    expect(page.locator("#live-mark")).to_contain_text("asked")
    console[0].shown += 1
    expect(page.locator("#timeline > li")).to_have_count(4)


def test_an_update_asks_for_the_lines_that_are_shown(
    page: Page, console: tuple[Console, str]
) -> None:
    console[0].happen()
    expect(page.locator("#timeline > li")).to_have_count(4)
    assert console[0].fragments[-1]["from"] == [str(data.EVENTS[-1].seq)]


def test_an_older_answer_does_not_turn_time_back(page: Page, console: tuple[Console, str]) -> None:
    expect(page.locator("#live-mark")).to_contain_text("live")
    page.evaluate("document.getElementById('live').dataset.seq = 1000")
    console[0].happen()
    page.wait_for_timeout(600)
    expect(page.locator("#timeline > li")).to_have_count(3)


def test_signed_out_it_stops_and_says_so(page: Page, console: tuple[Console, str]) -> None:
    expect(page.locator("#live-mark")).to_contain_text("live")
    console[0].signed_in = False
    console[0].happen()
    expect(page.locator("#live-mark")).to_contain_text(re.compile("signed out"))
    expect(page.locator("#timeline > li")).to_have_count(3)
