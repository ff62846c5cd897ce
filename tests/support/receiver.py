"""An HTTP receiver in threads that counts what it gets and answers as told."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = tuple[int, dict[str, str], bytes]


@dataclass
class Got:
    """One request."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def token(self) -> str:
        return self.headers["webhook-id"]

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Receiver:
    """`answer` says what to reply; it may block, which makes a slow receiver. After `close` nobody
    listens any more."""

    url: str = ""
    close: Callable[[], None] = lambda: None
    answer: Callable[[Got], Answer] = lambda _got: (200, {}, b'{"ok":true}')
    requests: list[Got] = field(default_factory=list)
    arrived: threading.Condition = field(default_factory=threading.Condition)

    def take(self, got: Got) -> Answer:
        with self.arrived:
            self.requests.append(got)
            self.arrived.notify_all()
        return self.answer(got)

    def wait_for(self, count: int, seconds: float = 30) -> list[Got]:
        """Wait until so many requests have come."""
        with self.arrived:
            came = self.arrived.wait_for(lambda: len(self.requests) >= count, seconds)
            assert came, f"only {len(self.requests)} of {count} requests came"
            return list(self.requests)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Killed workers hang up; that is what some tests are about."""


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A receiver on a free port of 127.0.0.1."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_one_request(self) -> None:
            self.raw_requestline = self.rfile.readline(65537)
            if not self.raw_requestline or not self.parse_request():
                self.close_connection = True
                return
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            got = Got(self.command, self.path, headers, body)
            status, extra, answer = receiver.take(got)
            self.send_response(status)
            for name, value in extra.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: Any) -> None:
            return

    server = _Server(("127.0.0.1", 0), Handler)
    receiver.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()

    def close() -> None:
        server.shutdown()
        server.server_close()

    receiver.close = close
    try:
        yield receiver
    finally:
        close()
