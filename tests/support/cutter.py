"""A relay in front of PostgreSQL that lets a commit through and keeps the answer back, as a network
that fails at the worst moment does."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

COMMIT = b"COMMIT\0"


@dataclass
class Cutter:
    """Where to connect to; `cut` says what is cut, `cuts` how often that happened."""

    url: str = ""
    cuts: int = 0
    _left: int = 0
    _about: bytes = b""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def cut(self, about: str, times: int) -> None:
        """The next so many commits of transactions that name `about` get no answer."""
        self._about, self._left = about.encode(), times

    def wants(self, said: bytes) -> bool:
        """Whether the transaction in which this was said loses its answer."""
        with self._lock:
            if self._left <= 0 or COMMIT not in said or self._about not in said:
                return False
            self._left -= 1
            self.cuts += 1
            return True


def _relay(cutter: Cutter, client: socket.socket, path: str) -> None:
    server = socket.socket(socket.AF_UNIX)
    server.connect(path)
    back = threading.Thread(target=_answers, args=(server, client), daemon=True)
    back.start()
    said = b""
    with contextlib.suppress(OSError):
        while data := client.recv(65536):
            said += data
            if cutter.wants(said):
                # Nobody hears the answer; the server does not know that.
                client.shutdown(socket.SHUT_RDWR)
                server.sendall(data)
                server.shutdown(socket.SHUT_WR)
                break
            if COMMIT in said:
                said = b""
            server.sendall(data)
    back.join(10)
    client.close()
    server.close()


def _answers(server: socket.socket, client: socket.socket) -> None:
    hears = True
    with contextlib.suppress(OSError):
        while data := server.recv(65536):
            if hears:
                try:
                    client.sendall(data)
                except OSError:
                    hears = False  # the server must still be able to say what it has to
    with contextlib.suppress(OSError):
        client.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def cutting(database_url: str) -> Iterator[Cutter]:
    """A relay on a free port to the PostgreSQL that listens on a socket of this URL."""
    parts = urlsplit(database_url)
    path = parse_qs(parts.query)["host"][0] + "/.s.PGSQL.5432"
    listener = socket.create_server(("127.0.0.1", 0))
    cutter = Cutter(f"postgresql://postgres@127.0.0.1:{listener.getsockname()[1]}{parts.path}")

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = listener.accept()
                threading.Thread(target=_relay, args=(cutter, client, path), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield cutter
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
