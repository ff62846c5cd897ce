"""One attempt's life: how it fails, and who may end it early. Private to `workers.outbound`."""

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from time import monotonic

# Every way a send can fail, as it is stored, with the sentence for operators.
_MESSAGES = {
    "request_refused": "The request can't be sent as it is.",
    "address_refused": "The address is not one that Runsheet sends to.",
    "dns_lookup_failed": "The host name could not be looked up.",
    "connection_refused": "The receiver refused the connection.",
    "connection_timeout": "The receiver did not accept a connection in time.",
    "host_unreachable": "There is no way to the receiver's network.",
    "proxy_unreachable": "The egress proxy could not be reached.",
    "proxy_failed": "The egress proxy did not open a way to the receiver.",
    "tls_failed": "No secure connection could be made: check the receiver's certificate.",
    "timeout": "The receiver did not finish its answer in time.",
    "connection_lost": "The connection was lost before the answer was complete.",
    "response_too_large": "The receiver's answer had more headers than Runsheet reads.",
    "bad_response": "The receiver's answer was not valid HTTP.",
    "cancelled": "The attempt was stopped before the answer was complete.",
}
_SENT = " The request may have reached the receiver."
_FINAL = frozenset({"request_refused", "address_refused"})

_SCAN_SECONDS = 0.05


class SendFailed(Exception):
    """No response came of it.

    `kind` is a stored word (a key of the table above), `sent` says whether any byte of the
    request may have reached the receiver, `final` whether trying again can't help, and
    `message` is one or two plain sentences for operators that name no address.
    """

    def __init__(self, kind: str, *, sent: bool = False, message: str | None = None) -> None:
        self.kind = kind
        self.sent = sent
        self.final = kind in _FINAL
        self.message = (message or _MESSAGES[kind]) + (_SENT if sent else "")
        super().__init__(f"{kind}: {self.message}")


class Attempt:
    """Holds the socket in use, so that another thread can end the attempt by shutting it."""

    __slots__ = ("_lock", "_over", "_socket", "deadline", "ended_by", "sent")

    def __init__(self, deadline: float) -> None:
        self.deadline = deadline  # on the monotonic clock
        self.sent = False
        self.ended_by: str | None = None
        self._socket: socket.socket | None = None
        self._over = False
        self._lock = threading.Lock()

    def remaining(self) -> float:
        """Seconds until the deadline, never negative."""
        return max(0.0, self.deadline - monotonic())

    def hold(self, sock: socket.socket) -> None:
        """Use this socket; if the attempt was ended already, close it and raise SendFailed."""
        self._socket = sock
        if self.ended_by:
            self.drop(sock)
            raise self.failure(self.ended_by)

    def check(self) -> None:
        """Raise SendFailed if another thread has ended the attempt."""
        if self.ended_by:
            raise self.failure(self.ended_by)

    def drop(self, sock: socket.socket) -> None:
        """Close a socket that is of no more use; the attempt may go on with another."""
        # Under the lock too: a descriptor that is closed while `end` shuts it may already be
        # the number of a stranger's socket.
        with self._lock:
            self._socket = None
            sock.close()

    def end(self, kind: str) -> None:
        """End the attempt from another thread: whatever waits on its socket wakes up."""
        # Under the lock, since a socket that went back to the pool may serve another attempt.
        with self._lock:
            if self._over or self.ended_by:
                return
            self.ended_by = kind
            if self._socket is not None:
                _shut(self._socket)

    def finish(self) -> bool:
        """Let go of the socket; say whether it is still whole."""
        with self._lock:
            self._over = True
            return self.ended_by is None

    def failure(self, kind: str) -> SendFailed:
        """Name what went wrong: an end from outside outranks the error that it caused."""
        kind = self.ended_by or kind
        if kind == "timeout" and not self.sent:
            kind = "connection_timeout"
        return SendFailed(kind, sent=self.sent)


def _shut(sock: socket.socket) -> None:
    with suppress(OSError):  # closed, or not yet connected
        # Not SSLSocket.shutdown: that drops the TLS layer under the thread that is reading.
        socket.socket.shutdown(sock, socket.SHUT_RDWR)


class CancelToken:
    """Ends a `send` from another thread, at once and for good."""

    __slots__ = ("_attempt", "_lock", "cancelled")

    def __init__(self) -> None:
        self.cancelled = False
        self._attempt: Attempt | None = None
        self._lock = threading.Lock()

    def cancel(self) -> None:
        """Make the send that holds this token, or the next that is given it, fail."""
        with self._lock:
            self.cancelled = True
            attempt = self._attempt
        if attempt is not None:
            attempt.end("cancelled")

    def attach(self, attempt: Attempt) -> None:
        """Let this token end that attempt."""
        with self._lock:
            self._attempt = attempt
            cancelled = self.cancelled
        if cancelled:
            attempt.end("cancelled")


class Watchdog:
    """Ends attempts at their deadline, with one thread that lives while there is work.

    urllib3 and socket timeouts count from read to read, so a receiver that drips bytes holds a
    thread for ever; and a timer per request costs a thread each. A scan over the few attempts in
    flight, twenty times a second, needs no lock on the way in or out (adding to and removing from
    a set are atomic).
    """

    def __init__(self, tidy: Callable[[], bool]) -> None:
        """Call `tidy` at every scan; it says whether there is something left to tidy later."""
        self._tidy = tidy
        self._attempts: set[Attempt] = set()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def watch(self, attempt: Attempt) -> None:
        """End this attempt when its deadline passes."""
        self._attempts.add(attempt)
        if self._thread is None:
            self._start()

    def forget(self, attempt: Attempt) -> None:
        """Stop watching."""
        self._attempts.discard(attempt)

    def end_all(self, kind: str) -> None:
        """End every attempt now."""
        for attempt in list(self._attempts):
            attempt.end(kind)

    def _start(self) -> None:
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="outbound", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        pause = threading.Event()  # never set: sleeps
        while self._scan():
            pause.wait(_SCAN_SECONDS)

    def _scan(self) -> bool:
        now = monotonic()
        for attempt in list(self._attempts):
            if attempt.deadline <= now:
                attempt.end("timeout")
        if self._tidy() or self._attempts:
            return True
        # An attempt is added before `watch` looks for the thread, so looking again under the
        # lock leaves no attempt without a watchdog.
        with self._lock:
            if not self._attempts:
                self._thread = None
            return self._thread is not None
