"""Receivers that misbehave, written with plain sockets so that they can break every rule."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Receiver:
    """A listening server; `behave(receiver, conn)` runs in a thread per connection."""

    def __init__(self, behave: "Behaviour", tls: ssl.SSLContext | None, host: str) -> None:
        self._behave = behave
        self._tls = tls
        self._listener = socket.create_server((host, 0), family=_family(host))
        self._open: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept)]
        self.port: int = self._listener.getsockname()[1]
        self.requests: list[bytes] = []
        self.connections = 0
        self.asked = threading.Event()  # a request has arrived
        self.hung_up = threading.Event()  # a behaviour has ended and its connection is closed
        self.stopped = threading.Event()
        self._threads[0].start()

    def url(self, path: str = "/hook", scheme: str = "http", host: str = "127.0.0.1") -> str:
        return f"{scheme}://{host}:{self.port}{path}"

    def read(self, conn: socket.socket) -> bytes:
        """Read one request, and note it; empty when the client has hung up."""
        data = read_request(conn)
        if data:
            self.requests.append(data)
            self.asked.set()
        return data

    def repeat(self, conn: socket.socket, data: bytes, pause: float = 0.0) -> None:
        """Send the same bytes until the client gives up."""
        while not self.stopped.wait(pause):
            conn.sendall(data)

    def secure(self, conn: socket.socket, tls: ssl.SSLContext) -> ssl.SSLSocket:
        """Put TLS on a connection."""
        secured = tls.wrap_socket(conn, server_side=True)
        self._open.append(secured)
        return secured

    def stop(self) -> None:
        self.stopped.set()
        for sock in (self._listener, *self._open):
            with suppress(OSError):
                socket.socket.shutdown(sock, socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(10)
        for sock in (self._listener, *self._open):
            sock.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                conn = self._listener.accept()[0]
                self.connections += 1
                self._open.append(conn)
                thread = threading.Thread(target=self._serve, args=(conn,))
                self._threads.append(thread)
                thread.start()

    def _serve(self, conn: socket.socket) -> None:
        with suppress(OSError):
            if self._tls:
                conn = self.secure(conn, self._tls)
            self._behave(self, conn)
        conn.close()
        self.hung_up.set()


Behaviour = Callable[[Receiver, socket.socket], None]


@contextmanager
def receiver(
    behave: Behaviour, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1"
) -> Iterator[Receiver]:
    server = Receiver(behave, tls, host)
    try:
        yield server
    finally:
        server.stop()


def answer(response: bytes) -> Behaviour:
    """Answer every request of a connection with the same bytes."""

    def behave(server: Receiver, conn: socket.socket) -> None:
        while server.read(conn):
            conn.sendall(response)

    return behave


def answer_once(response: bytes) -> Behaviour:
    """Answer one request, then close the connection."""

    def behave(server: Receiver, conn: socket.socket) -> None:
        server.read(conn)
        conn.sendall(response)

    return behave


def answer_then_repeat(start: bytes, again: bytes, pause: float = 0.0) -> Behaviour:
    """Begin an answer and never come to its end."""

    def behave(server: Receiver, conn: socket.socket) -> None:
        server.read(conn)
        conn.sendall(start)
        server.repeat(conn, again, pause)

    return behave


def stall(server: Receiver, conn: socket.socket) -> None:
    """Take the request and say nothing."""
    server.read(conn)
    server.stopped.wait()


def ignore(server: Receiver, conn: socket.socket) -> None:
    """Accept the connection and never read from it."""
    server.stopped.wait()


def hang_up(server: Receiver, conn: socket.socket) -> None:
    """Take the request and close the connection."""
    server.read(conn)


def hang_up_on_the_second(server: Receiver, conn: socket.socket) -> None:
    """Answer the first request of a connection, take the second, and close."""
    server.read(conn)
    conn.sendall(OK)
    server.read(conn)


def proxy_to(tls: ssl.SSLContext) -> Behaviour:
    """Be an egress proxy and, behind it, the TLS receiver that is asked for."""

    def behave(server: Receiver, conn: socket.socket) -> None:
        server.read(conn)
        conn.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        answer(OK)(server, server.secure(conn, tls))

    return behave


@contextmanager
def unanswered_port() -> Iterator[int]:
    """Give a port whose queue of connections is full, so that connecting takes for ever."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        port = listener.getsockname()[1]
        waiting = [socket.socket() for _ in range(4)]
        for sock in waiting:
            sock.setblocking(False)
            sock.connect_ex(("127.0.0.1", port))
        try:
            yield port
        finally:
            for sock in waiting:
                sock.close()


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def read_request(conn: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        more = conn.recv(65536)
        if not more:
            return b""
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    length = 0
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            length = int(line[15:])
    while len(body) < length:
        body += conn.recv(65536)
    return head + b"\r\n\r\n" + body


def certificate_for(name: str, folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Make a certificate for a name: (what its server needs, a client that trusts it)."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    path = folder / f"{name}.pem"
    path.write_bytes(pem + _private_pem(key))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(path)
    return server, ssl.create_default_context(cadata=pem.decode())


def _private_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET
