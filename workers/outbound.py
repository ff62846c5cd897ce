"""The one client for everything Runsheet sends: webhooks, push endpoints, SMS, test buttons.

Authors choose where requests go, so this is where the private network is guarded: a URL is
vetted, its name is looked up once, every address must be public, and the connection goes to the
address that was vetted while TLS and the Host header keep the name. Nothing is taken from the
environment (no proxies, netrc or cookies) and no redirect is followed. The `outbound_*` modules
beside it are its private parts; nothing else imports them.
"""

import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from time import monotonic

from app.domain.addresses import NOTHING_ALLOWED, AddressRefused, AllowList, Target, vet_ip, vet_url
from workers.outbound_attempt import Attempt, CancelToken, SendFailed, Watchdog
from workers.outbound_dial import dial, proxy_refused, read_proxy
from workers.outbound_dns import Names, Resolve
from workers.outbound_pool import Connection, Key, Pool
from workers.outbound_wire import BadResponse, Head, Headers, Reader, request_bytes

__all__ = ["CancelToken", "Outbound", "Request", "Response", "SendFailed"]

# Called for every address of every attempt, while the answer never changes.
_vet_ip = lru_cache(maxsize=4096)(vet_ip)


MOST_SECONDS = 20.0  # for one attempt, whatever the receiver does


@dataclass(frozen=True, slots=True)
class Request:
    """What to send; Host, Content-Length and the like are written by the client. Printing it shows
    no header: they carry secrets."""

    method: str
    url: str
    headers: Sequence[tuple[str, str]] | dict[str, str] = field(repr=False)
    body: bytes | None
    timeout: float = MOST_SECONDS  # for everything from lookup to last byte; 20 s at most


@dataclass(frozen=True, slots=True)
class Response:
    """What came back, whatever its status."""

    status: int
    headers: Headers
    body: bytes  # the first 64 KiB; logs keep 16 of them
    truncated: bool  # there was more
    address: str  # the address connected to (the proxy's, if there is one)
    duration: float  # seconds, lookup included


class Outbound:
    """A client for all threads of one process, made after any fork."""

    def __init__(
        self,
        allow: AllowList = NOTHING_ALLOWED,
        egress_proxy: str | None = None,
        *,
        resolver: Resolve | None = None,
        max_connections: int = 64,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """Keep at most `max_connections` idle; ValueError if `egress_proxy` is unreadable.

        `resolver` gives the addresses of (host, port) as text, and raises OSError for none.
        """
        self._allow = allow
        self._proxy = read_proxy(egress_proxy)
        self._names = Names(resolver)
        self._pool = Pool(max_connections)
        self._watchdog = Watchdog(self._pool.prune)
        self._tls = tls or _tls_context()
        self._closed = False

    def send(self, request: Request, cancel: CancelToken | None = None) -> Response:
        """Send once and return the response, or raise SendFailed; redirects are responses.

        Never sends twice: only a kept connection that turns out dead before a byte has left is
        replaced. Rules per destination (bulkhead, circuit breaker) stand before this call.
        """
        started = monotonic()
        target = self._vet(request.url)
        data = self._encode(request, target)
        attempt = Attempt(started + min(request.timeout, MOST_SECONDS))
        if cancel is not None:
            cancel.attach(attempt)
        self._watchdog.watch(attempt)
        try:
            if self._closed:
                raise SendFailed("cancelled")
            connection = self._write(target, data, attempt)
            return self._read(connection, request.method, attempt, started)
        finally:
            self._watchdog.forget(attempt)

    def close(self) -> None:
        """Cancel what is in flight and close every connection; later sends are refused."""
        self._closed = True
        self._watchdog.end_all("cancelled")
        self._pool.close()

    def _vet(self, url: str) -> Target:
        try:
            return vet_url(url, self._allow)
        except AddressRefused as refused:
            raise SendFailed("address_refused", message=refused.reason) from None

    def _encode(self, request: Request, target: Target) -> bytes:
        path = target.path
        if self._proxy and target.scheme == "http":
            path = f"http://{target.authority}{path}"
        given = request.headers
        headers = list(given.items()) if isinstance(given, dict) else list(given)
        return request_bytes(request.method, path, target.authority, headers, request.body)

    def _write(self, target: Target, data: bytes, attempt: Attempt) -> Connection:
        keys = self._keys(target, attempt)
        while True:
            connection = self._open(keys, target, attempt)
            try:
                connection.write(data, attempt)
                return connection
            except OSError:
                attempt.drop(connection.sock)
                if attempt.sent or attempt.ended_by or not connection.reused:
                    raise attempt.failure("connection_lost") from None

    def _open(self, keys: list[Key], target: Target, attempt: Attempt) -> Connection:
        for key in keys:
            connection = self._pool.take(key)
            if connection is not None:
                attempt.hold(connection.sock)
                return connection
        return dial(keys, target, self._tls, attempt, proxied=self._proxy is not None)

    def _keys(self, target: Target, attempt: Attempt) -> list[Key]:
        """Name the connections that would do, in the order in which to try them."""
        name = target.host if target.scheme == "https" else ""
        if self._proxy is None:
            return [(a, target.port, name, "") for a in self._addresses(target, attempt)]
        host, port = self._proxy
        host_shown = f"[{target.host}]" if ":" in target.host else target.host
        tunnel = f"{host_shown}:{target.port}" if name else ""
        try:
            return [(a, port, name, tunnel) for a in self._names.lookup(host, port, attempt)]
        except SendFailed as failed:
            kind = "proxy_unreachable" if failed.kind == "dns_lookup_failed" else failed.kind
            raise attempt.failure(kind) from None

    def _addresses(self, target: Target, attempt: Attempt) -> Sequence[str]:
        """Give the addresses to connect to: all of them are vetted, or none is used."""
        if target.address is not None:
            return (target.address,)
        found = self._names.lookup(target.host, target.port, attempt)
        if self._allow.permits_host(target.host, target.port):
            return found
        try:
            return [_vet_ip(address, self._allow) for address in found]
        except AddressRefused as refused:
            raise SendFailed("address_refused", message=refused.reason) from None

    def _read(
        self, connection: Connection, method: str, attempt: Attempt, started: float
    ) -> Response:
        try:
            reader = Reader(connection.sock.recv)
            head = reader.head(method)
            body, truncated = reader.body(head)
            # A body that lasts until the connection ends looks whole when we were the ones who
            # ended it, so an ended attempt has no response.
            if not attempt.finish():
                raise attempt.failure("connection_lost")
            self._vet_proxied(head, connection.key, attempt)
        except BadResponse as bad:
            attempt.drop(connection.sock)
            raise attempt.failure(str(bad)) from None
        except OSError:
            attempt.drop(connection.sock)
            raise attempt.failure("connection_lost") from None
        except BaseException:
            attempt.drop(connection.sock)
            raise
        self._keep(connection, head.keep_alive and reader.clean())
        address, duration = connection.key[0], monotonic() - started
        return Response(head.status, head.headers, body, truncated, address, duration)

    def _vet_proxied(self, head: Head, key: Key, attempt: Attempt) -> None:
        """Tell the proxy's own answers from the receiver's; they name addresses, so nobody is
        shown them."""
        if not self._proxy or key[3]:
            return
        # Only a proxy says 407: it refused, and the request went no further.
        if head.status == 407:
            raise proxy_refused()
        if any(name.lower() == "x-smokescreen-error" for name, _ in head.headers):
            raise attempt.failure("proxy_failed")

    def _keep(self, connection: Connection, whole: bool) -> None:
        if whole:
            self._pool.give(connection)
        else:
            connection.close()


def _tls_context() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    return context
