"""A forward proxy as organisations run them at their edge (Smokescreen's manners): CONNECT and
absolute-form, names looked up by the proxy, and 407 for what it does not permit."""

import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

_REFUSED = "HTTP/1.1 407 Request Rejected by Proxy\r\nX-Smokescreen-Error: {0}\r\n"
_FAILED = "HTTP/1.1 502 Failed to connect to remote host\r\nX-Smokescreen-Error: {0}\r\n"


class EgressProxy:
    """`knows`: names it permits, each with the port on 127.0.0.1 that stands for the host."""

    def __init__(self, knows: Mapping[str, int]) -> None:
        self._knows = knows
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept)]
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.asked: list[str] = []  # the first line of each request that it understood
        self._threads[0].start()

    def stop(self) -> None:
        for sock in (self._listener, *self._open):
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(10)
        for sock in (self._listener, *self._open):
            sock.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                self._start(self._serve, self._keep(self._listener.accept()[0]))

    def _start(self, target: object, *args: object) -> threading.Thread:
        thread = threading.Thread(target=target, args=args)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()
        return thread

    def _keep(self, sock: socket.socket) -> socket.socket:
        self._open.append(sock)
        return sock

    def _serve(self, client: socket.socket) -> None:
        with suppress(OSError):
            while data := _read_head(client):
                line, _, rest = data.partition(b"\r\n")
                method, target, _version = line.decode().split(" ")
                self.asked.append(line.decode())
                if method == "CONNECT":
                    self._tunnel(client, target)
                    return
                self._forward(client, method, target, rest)

    def _tunnel(self, client: socket.socket, authority: str) -> None:
        upstream = self._dial(client, authority.rpartition(":")[0])
        if upstream is not None:
            client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            back = self._start(_pump, upstream, client)
            _pump(client, upstream)
            back.join()

    def _forward(self, client: socket.socket, method: str, url: str, rest: bytes) -> None:
        parts = urlsplit(url)
        upstream = self._dial(client, parts.hostname or "")
        if upstream is not None:
            path = parts.path + (f"?{parts.query}" if parts.query else "")
            upstream.sendall(f"{method} {path} HTTP/1.1\r\nVia: 1.1 proxy\r\n".encode() + rest)
            reply = _read_head(upstream)
            client.sendall(reply) if reply else _say(client, _FAILED.format("EOF"))

    def _dial(self, client: socket.socket, host: str) -> socket.socket | None:
        if host not in self._knows:
            _say(client, _REFUSED.format(f"{host}: the destination 10.0.0.7 is private"))
            return None
        try:
            return self._keep(socket.create_connection(("127.0.0.1", self._knows[host]), 5))
        except OSError:
            _say(client, _FAILED.format("dial tcp 10.0.0.7:80: connection refused"))
            return None


def _say(client: socket.socket, head: str) -> None:
    body = b"dial tcp 10.0.0.7:80: connection refused"
    client.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


def _read_head(sock: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        more = sock.recv(65536)
        if not more:
            return b""
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    return head + b"\r\n\r\n" + body + _rest(sock, head, body)


def _rest(sock: socket.socket, head: bytes, body: bytes) -> bytes:
    length = 0
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            length = int(line[15:])
    rest = b""
    while len(body) + len(rest) < length:
        rest += sock.recv(65536)
    return rest


@contextmanager
def egress_proxy(**knows: int) -> Iterator[EgressProxy]:
    """A running proxy; `receiver_example=8080` permits the name `receiver.example`."""
    proxy = EgressProxy({name.replace("_", "."): port for name, port in knows.items()})
    try:
        yield proxy
    finally:
        proxy.stop()
