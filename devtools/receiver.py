"""The demo receiver: takes any request, shows it, and answers as it is told to.

Programs ask `GET /_requests` (newest first, `?after=N`), set `POST /_mode` (`{"mode": "500"}`,
with `"prefix": "/pay"` for some paths only) and empty it with `DELETE /_requests`.
"""

from __future__ import annotations

import argparse
import json
import socket
import time
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from devtools.bodies import BadRequest
from devtools.pages import Handler, Server, serve
from devtools.receiver_store import MODES, Received, Requests, Switches
from devtools.receiver_view import joined

SLOW_SECONDS = 5
RETRY_AFTER_SECONDS = 10
SHOWN = 100


class Receiver(Server):
    def __init__(self, port: int, file: Path) -> None:
        self.requests = Requests(file)
        self.switches = Switches()
        super().__init__(port, ReceiverHandler)


class ReceiverHandler(Handler):
    server: Receiver  # pyright: ignore[reportIncompatibleVariableOverride]

    def answer(self) -> None:
        control = CONTROLS.get((self.command, self.route))
        if control:
            self.check_asker()
            control(self)
        elif self.command in ("GET", "HEAD") and self.route.startswith(("/_", "/static/")):
            self.send_static(self.route.removeprefix("/static/"))
        else:
            self._receive()

    def _receive(self) -> None:
        mode = self.server.switches.mode_for(self.route)
        received = self.server.requests.add(
            at=datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            mode=mode,
            body=self.body,
            headers=joined(self.headers.items()),
            method=self.command,
            path=self.route,
            query=self.path.partition("?")[2],
        )
        ANSWERS[mode](self, received)

    def answer_200(self, received: Received) -> None:
        self.send_json(
            {
                "ok": True,
                "path": received.path,
                "receivedAs": received.receivedAs,
                "reference": received.reference,
            }
        )

    def answer_500(self, received: Received) -> None:
        self._refuse(500, "The demo receiver is told to fail.", received)

    def answer_slow(self, received: Received) -> None:
        time.sleep(SLOW_SECONDS)
        self.answer_200(received)

    def answer_hangup(self, received: Received) -> None:
        del received
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def answer_410(self, received: Received) -> None:
        self._refuse(410, "The demo receiver is told to be gone.", received)

    def answer_retry_after(self, received: Received) -> None:
        wait = {"Retry-After": str(RETRY_AFTER_SECONDS)}
        self._refuse(429, f"Try again in {RETRY_AFTER_SECONDS} s.", received, wait)

    def _refuse(
        self, status: int, error: str, received: Received, headers: dict[str, str] | None = None
    ) -> None:
        body = {"ok": False, "error": error, "receivedAs": received.receivedAs}
        self.send(json.dumps(body).encode(), "application/json", headers, status)

    def show_page(self) -> None:
        before = self.number("before", 0)
        found = self.server.requests.newest(before=before, limit=SHOWN)
        self.send_page("receiver.html", **self._shown(found), live=not before)

    def show_new(self) -> None:
        found = self.server.requests.newest(after=self.number("after", 0), limit=SHOWN)
        self.send_page("receiver_new.html", **self._shown(found))

    def _shown(self, found: list[Received]) -> dict[str, Any]:
        return {
            "requests": found,
            "newest": self.server.requests.count,
            "modes": MODES,
            "switches": self.server.switches,
            "more": len(found) == SHOWN,
            "address": f"http://127.0.0.1:{self.server.port}",
        }

    def list_requests(self) -> None:
        found = self.server.requests.newest(after=self.number("after", 0))
        self.send_json([asdict(request) for request in found])

    def clear(self) -> None:
        self.server.requests.clear()
        self._done()

    def show_mode(self) -> None:
        self.send_json(self.server.switches.as_json())

    def set_mode(self) -> None:
        fields = self.fields()
        try:
            self.server.switches.set(fields.get("mode", ""), fields.get("prefix", ""))
        except ValueError as error:
            raise BadRequest(str(error)) from None
        self._done()

    def _done(self) -> None:
        if "text/html" in self.headers.get("Accept", ""):
            self.redirect("/")
        else:
            self.show_mode()


CONTROLS = {
    ("GET", "/"): ReceiverHandler.show_page,
    ("HEAD", "/"): ReceiverHandler.show_page,
    ("GET", "/_new"): ReceiverHandler.show_new,
    ("GET", "/_requests"): ReceiverHandler.list_requests,
    ("DELETE", "/_requests"): ReceiverHandler.clear,
    ("POST", "/_clear"): ReceiverHandler.clear,
    ("GET", "/_mode"): ReceiverHandler.show_mode,
    ("POST", "/_mode"): ReceiverHandler.set_mode,
}

ANSWERS = {
    "200": ReceiverHandler.answer_200,
    "500": ReceiverHandler.answer_500,
    "slow": ReceiverHandler.answer_slow,
    "hangup": ReceiverHandler.answer_hangup,
    "410": ReceiverHandler.answer_410,
    "retry-after": ReceiverHandler.answer_retry_after,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--var", type=Path, required=True)
    options = parser.parse_args()
    serve(Receiver(options.port, options.var / "receiver.jsonl"))


if __name__ == "__main__":
    main()
