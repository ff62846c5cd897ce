"""Keeping connections for the next attempt. Private to `workers.outbound`."""

import select
import socket
import ssl
import threading
from time import monotonic

from workers.outbound_attempt import Attempt

IDLE_SECONDS = 30.0

# (vetted address, port, name that TLS vouches for or "", tunnel through a proxy or "")
Key = tuple[str, int, str, str]


class Connection:
    """A connected socket with what is needed to use it again."""

    __slots__ = ("_poll", "idle_since", "key", "reused", "sock")

    def __init__(self, sock: socket.socket, key: Key) -> None:
        self.sock = sock
        self.key = key
        self.reused = False
        self.idle_since = 0.0
        self._poll = select.poll()
        self._poll.register(sock.fileno(), select.POLLIN)

    def is_quiet(self) -> bool:
        """Say that an idle connection is usable: bytes or an end before any request mean no."""
        return not self._poll.poll(0)

    def write(self, data: bytes, attempt: Attempt) -> None:
        """Send all of it; `attempt.sent` becomes true as soon as the receiver may have a byte."""
        sock = self.sock
        # TLS keeps its own buffer, so a failed write says nothing about what has left. On a bare
        # socket a first write that raises has sent nothing.
        attempt.sent = isinstance(sock, ssl.SSLSocket)
        done = sock.send(data)
        attempt.sent = True
        if done < len(data):
            sock.sendall(memoryview(data)[done:])

    def close(self) -> None:
        """Close it, without a word to the other side."""
        self.sock.close()


class Pool:
    """Idle connections, newest first, at most `size` of them and for at most 30 s."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._idle: dict[Key, list[Connection]] = {}
        self._count = 0
        self._closed = False
        self._next_prune = 0.0
        self._lock = threading.Lock()

    def take(self, key: Key) -> Connection | None:
        """Give an idle connection that is still usable."""
        while True:
            with self._lock:
                idle = self._idle.get(key)
                if not idle:
                    return None
                connection = idle.pop()
                self._count -= 1
            if connection.idle_since + IDLE_SECONDS > monotonic() and connection.is_quiet():
                connection.reused = True
                return connection
            connection.close()

    def give(self, connection: Connection) -> None:
        """Keep a connection whose last response was read to its end."""
        connection.idle_since = monotonic()
        with self._lock:
            if not self._closed and self._count < self._size:
                self._idle.setdefault(connection.key, []).append(connection)
                self._count += 1
                return
        connection.close()

    def prune(self) -> bool:
        """Close what has been idle too long, once a second; say whether any is left."""
        now = monotonic()
        if now < self._next_prune:
            return self._count > 0
        self._next_prune = now + 1
        self._drop(now - IDLE_SECONDS)
        return self._count > 0

    def close(self) -> None:
        """Close every idle connection, and those that come back later."""
        self._closed = True
        self._drop(monotonic())

    def _drop(self, idle_before: float) -> None:
        with self._lock:
            old = [c for idle in self._idle.values() for c in idle if c.idle_since <= idle_before]
            gone = set(old)
            kept = {key: [c for c in idle if c not in gone] for key, idle in self._idle.items()}
            self._idle = {key: idle for key, idle in kept.items() if idle}
            self._count -= len(old)
        for connection in old:
            connection.close()
