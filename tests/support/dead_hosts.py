"""Hosts that are of no use to anybody: silent ones, black holes, closed ports."""

import contextlib
import selectors
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass
class DeadHost:
    """A host and how many connections it had at once, at most."""

    port: int
    open: int = 0
    most: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def silent() -> Iterator[DeadHost]:
    """Takes connections and requests and never answers. One thread serves all, and sees who hung
    up before it looks who else has come, so its count is exact."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=256)
    host = DeadHost(listener.getsockname()[1])
    ended = threading.Event()
    thread = threading.Thread(target=_serve, args=(listener, host, ended))
    thread.start()
    try:
        yield host
    finally:
        ended.set()
        thread.join()


def _serve(listener: socket.socket, host: DeadHost, ended: threading.Event) -> None:
    with selectors.DefaultSelector() as selector, contextlib.ExitStack() as sockets:
        sockets.enter_context(listener)
        selector.register(listener, selectors.EVENT_READ)
        while not ended.is_set():
            ready = [key.fileobj for key, _ in selector.select(timeout=0.1)]
            for found in ready:
                if isinstance(found, socket.socket) and found is not listener and _hung_up(found):
                    selector.unregister(found)
                    found.close()
                    host.open -= 1
            if listener in ready:
                selector.register(sockets.enter_context(listener.accept()[0]), selectors.EVENT_READ)
                host.open += 1
                host.most = max(host.most, host.open)


def _hung_up(connection: socket.socket) -> bool:
    try:
        return not connection.recv(65536)
    except OSError:
        return True


@contextmanager
def black_hole() -> Iterator[DeadHost]:
    """Swallows whoever tries to connect: its backlog is full, and nobody takes from it."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener, contextlib.ExitStack() as s:
        host = DeadHost(listener.getsockname()[1])
        for _ in range(4):
            filler = s.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", host.port))
        yield host


@contextmanager
def refusing() -> Iterator[DeadHost]:
    """A port that nobody listens on, and that nobody else is given meanwhile."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield DeadHost(bound.getsockname()[1])
