"""A console of a few lines for browser tests of the islands: it renders the gallery's order with as
many events as the test says, answers fragments and actions, and streams changes."""

import threading
import time
from dataclasses import dataclass, field
from http.server import SimpleHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, urlsplit

from devtools import gallery
from devtools import gallery_data as data

TOTAL = len(data.EVENTS)


@dataclass
class Console:
    """What the server would say now."""

    address: str = ""
    shown: int = 3  # events that have happened
    streaming: bool = True
    signed_in: bool = True
    answers: int = 200  # what an action is answered with
    slow: float = 0.0  # how long an action takes
    actions: list[dict[str, list[str]]] = field(default_factory=list)
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
            "banner": [],
        }
        return gallery.environment().get_template(template).render(values).encode()


def url_for(endpoint: str, **values: Any) -> str:
    if endpoint in ("instances.stream", "instances.live"):
        return "/" + endpoint.split(".")[1]
    if endpoint == "steps.move":
        return f"/act/{values['verb']}"
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

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.console.actions.append(parse_qs(body))
        time.sleep(self.console.slow)
        if self.console.answers == 200:
            self.console.happen()
            self.answer("instances/_live.html")
        else:
            self.refuse(self.console.answers)

    def refuse(self, status: int) -> None:
        """As the console does: the region stays, a toast says why. 502 is a proxy speaking."""
        self.send_response(status)
        self.end_headers()
        if status == 502:
            self.wfile.write(b"<html><body><h1>Bad gateway</h1></body></html>")
            return
        self.wfile.write(
            b'<hx-partial hx-target="#toasts" hx-swap="beforeend">'
            b'<div class="toast toast-error" role="alert"><p>Jo was quicker</p></div></hx-partial>'
        )

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
