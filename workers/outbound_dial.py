"""Opening a connection to a vetted address or an egress proxy. Private to `workers.outbound`."""

import errno
import re
import select
import socket
import ssl

from app.domain.addresses import Target
from workers.outbound_attempt import Attempt, SendFailed
from workers.outbound_pool import Connection, Key
from workers.outbound_wire import USER_AGENT, BadResponse, Reader

_CONNECT_SECONDS = 5.0
_MAX_ADDRESSES = 4
_PROXY = re.compile(r"http://(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9_.-]+):([0-9]{1,5})/?")


def read_proxy(url: str | None) -> tuple[str, int] | None:
    """Read EGRESS_PROXY into host and port; ValueError says what it must look like."""
    if not url:
        return None
    parts = _PROXY.fullmatch(url)
    if parts is None or not 0 < int(parts[2]) < 65536:
        raise ValueError("EGRESS_PROXY: must look like http://host:port")
    return parts[1].strip("[]"), int(parts[2])


def dial(
    keys: list[Key],
    target: Target,
    context: ssl.SSLContext,
    attempt: Attempt,
    *,
    proxied: bool = False,
) -> Connection:
    """Connect to the first of the keys' addresses that answers, ready for the request. `proxied`:
    they are an egress proxy's.

    Raises SendFailed; nothing of the request has been sent then.
    """
    sock, key = _connect(keys, attempt, proxied=proxied)
    try:
        if key[3]:
            _tunnel(sock, key[3], attempt)
        if target.scheme == "https":
            sock = _secure(sock, target.host, context, attempt)
    except BaseException:
        attempt.drop(sock)
        raise
    return Connection(sock, key)


def _connect(keys: list[Key], attempt: Attempt, *, proxied: bool) -> tuple[socket.socket, Key]:
    kind = "host_unreachable"
    for key in keys[:_MAX_ADDRESSES]:
        try:
            return connect_to(key[0], key[1], attempt), key
        except TimeoutError:
            kind = "connection_timeout"
        except ConnectionRefusedError:
            kind = "connection_refused"
        except OSError:
            kind = "host_unreachable"
        attempt.check()
    raise attempt.failure("proxy_unreachable" if proxied else kind)


def connect_to(address: str, port: int, attempt: Attempt) -> socket.socket:
    sock = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
    try:
        sock.setblocking(False)
        code = sock.connect_ex((address, port))
        # Only now, since a socket that has not begun to connect can't be shut by a cancel.
        attempt.hold(sock)
        if code == errno.EINPROGRESS:
            code = _wait_connected(sock, min(_CONNECT_SECONDS, attempt.remaining()))
        attempt.check()
        if code:
            raise OSError(code, "connect")
        # From here on the watchdog keeps the time, and no call has to wait in poll() first.
        sock.setblocking(True)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except BaseException:
        attempt.drop(sock)
        raise
    return sock


def _wait_connected(sock: socket.socket, seconds: float) -> int:
    """Wait for the connection; give the error number of what came of it, 0 if it stands."""
    poll = select.poll()
    poll.register(sock, select.POLLOUT)
    if not poll.poll(seconds * 1000):
        return errno.ETIMEDOUT
    return sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)


def _tunnel(sock: socket.socket, authority: str, attempt: Attempt) -> None:
    request = f"CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\nUser-Agent: {USER_AGENT}"
    try:
        sock.sendall(request.encode() + b"\r\n\r\n")
        reader = Reader(sock.recv)
        status = reader.head("CONNECT").status
    except (OSError, BadResponse):
        raise attempt.failure("proxy_failed") from None
    if status in (403, 407):  # what Smokescreen says of an address it does not permit
        raise proxy_refused()
    if not (200 <= status < 300 and reader.clean()):
        raise attempt.failure("proxy_failed")


def proxy_refused() -> SendFailed:
    """Say that the proxy, which looks names up in our place, does not permit the address."""
    return SendFailed("address_refused", message="The egress proxy does not permit this address.")


def _secure(
    sock: socket.socket, name: str, context: ssl.SSLContext, attempt: Attempt
) -> ssl.SSLSocket:
    try:
        wrapped = context.wrap_socket(sock, server_hostname=name, do_handshake_on_connect=False)
    except (OSError, ValueError):
        raise attempt.failure("tls_failed") from None
    try:
        attempt.hold(wrapped)
        wrapped.do_handshake()
    except OSError:
        attempt.drop(wrapped)
        raise attempt.failure("tls_failed") from None
    except BaseException:
        attempt.drop(wrapped)
        raise
    return wrapped
