"""What the receiver's and the mail catcher's pages share: a small HTTP/1.1 server and templates.

Both show text that strangers wrote, so templates escape everything, the pages run no inline
script, and other web pages in the same browser can neither read nor switch anything here.
"""

from __future__ import annotations

import json
import signal
import socketserver
import sys
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from devtools.bodies import BadRequest, read_body

HERE = Path(__file__).parent
STATIC = {"pages.css": "text/css", "pages.js": "text/javascript", "pages.svg": "image/svg+xml"}
MOST_CONNECTIONS = 512
POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
    "frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

templates = Environment(
    loader=FileSystemLoader(HERE / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


class Server(ThreadingHTTPServer):
    """One thread per connection, and no more of them than a laptop can carry."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 1024

    def __init__(self, port: int, handler: type[Handler]) -> None:
        self.free = threading.BoundedSemaphore(MOST_CONNECTIONS)
        super().__init__(("127.0.0.1", port), handler)

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def process_request(self, request: Any, client_address: Any) -> None:
        if self.free.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self.free.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), OSError):  # who hangs up is no news
            super().handle_error(request, client_address)


class Handler(BaseHTTPRequestHandler):
    """Reads any method with any body, and answers with the right length, so connections last."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # one packet per answer
    timeout = 60

    def __getattr__(self, name: str) -> Any:
        if name.startswith("do_"):  # whatever method a program invents
            return self._answer
        raise AttributeError(name)

    def _answer(self) -> None:
        self.query = parse_qs(urlsplit(self.path).query)
        self.route = self.path.partition("?")[0]
        try:
            self.body = read_body(self.headers, self.rfile)
            self.answer()
        except BadRequest as bad:
            self.close_connection = True  # what is left of the body would be read as a request
            self.send_json({"error": str(bad)}, bad.status)

    def answer(self) -> None:
        """Answer the request that `command`, `route`, `query`, `headers` and `body` describe."""
        raise NotImplementedError

    def fields(self) -> dict[str, str]:
        """What a form or a program sent, as plain strings."""
        if "json" not in self.headers.get("Content-Type", ""):
            form = parse_qs(self.body.decode(errors="replace"), keep_blank_values=True)
            return {name: values[-1] for name, values in form.items()}
        try:
            data = json.loads(self.body)
        except (ValueError, RecursionError):
            raise BadRequest("The body is not JSON.") from None
        if not isinstance(data, dict):
            raise BadRequest("The body must be a JSON object.")
        return {str(k): str(v) for k, v in data.items()}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]

    def number(self, name: str, default: int) -> int:
        text = self.query.get(name, [""])[-1]
        return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else default

    def check_asker(self) -> None:
        """Refuse other web pages: by name tricks (DNS rebinding) and by forms from elsewhere."""
        host = urlsplit("//" + self.headers.get("Host", "")).hostname
        origin = self.headers.get("Origin")
        local = {"127.0.0.1", "localhost", "::1"}
        if host not in local or (origin and urlsplit(origin).hostname not in local):
            raise BadRequest("Only pages on this machine may ask that.", HTTPStatus.FORBIDDEN)

    def send_page(self, template: str, **values: Any) -> None:
        html = templates.get_template(template).render(**values)
        page = html.encode(errors="replace")  # JSON may hold half a surrogate pair
        self.send(page, "text/html; charset=utf-8", {"Content-Security-Policy": POLICY})

    def send_json(self, value: Any, status: int = 200) -> None:
        body = json.dumps(value, ensure_ascii=False).encode(errors="replace")
        self.send(body, "application/json", status=status)

    def send_static(self, name: str) -> None:
        if name in STATIC:
            self.send((HERE / "static" / name).read_bytes(), STATIC[name])
        else:
            self.send_json({"error": "There is nothing here."}, 404)

    def redirect(self, path: str) -> None:
        self.send(b"", "text/plain", {"Location": path}, 303)

    def send(
        self, body: bytes, kind: str, headers: dict[str, str] | None = None, status: int = 200
    ) -> None:
        self.send_response(status)
        common = {
            "Content-Type": kind,
            "Content-Length": str(len(body)),
            "Cache-Control": "no-store",
            "Referrer-Policy": "same-origin",
            "X-Content-Type-Options": "nosniff",
        }
        if self.close_connection:
            common["Connection"] = "close"
        for name, value in (common | (headers or {})).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """The page shows what arrives; the terminal belongs to Runsheet."""


def serve(*servers: socketserver.BaseServer) -> None:
    """Serve until SIGTERM or SIGINT."""
    done = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: done.set())
    for server in servers:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    done.wait()
