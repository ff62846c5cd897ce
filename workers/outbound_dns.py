"""Looking up names within a limit, and remembering them briefly. Private to `workers.outbound`."""

import socket
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from time import monotonic

from workers.outbound_attempt import Attempt

Resolve = Callable[[str, int], Sequence[str]]

_LIMIT_SECONDS = 3.0
_CACHE_SECONDS = 5.0
_CACHE_SIZE = 1024
_AT_ONCE = 8
_LOOK_SECONDS = 0.05


def system_resolve(host: str, port: int) -> list[str]:
    """Ask the system's resolver; raises OSError when it has no answer."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class Names:
    """Looks each name up once at a time, in threads of its own.

    getaddrinfo can't be interrupted and its own limit is half a minute, so it must not hold an
    attempt. Daemon threads, not an executor's: those are waited for when the process ends.
    """

    def __init__(self, resolve: Resolve | None) -> None:
        self._resolve = resolve or system_resolve
        self._answers: dict[tuple[str, int], tuple[float, tuple[str, ...]]] = {}
        self._running: dict[tuple[str, int], Future[tuple[str, ...]]] = {}
        self._lock = threading.Lock()
        self._slots = threading.BoundedSemaphore(_AT_ONCE)

    def lookup(self, host: str, port: int, attempt: Attempt) -> tuple[str, ...]:
        """Give every address of the name, unvetted; raises SendFailed when there is none."""
        known = self._answers.get((host, port))
        if known is not None and known[0] > monotonic():
            return known[1]
        try:
            addresses = self._wait(self._ask(host, port), attempt)
        except (OSError, UnicodeError):
            raise attempt.failure("dns_lookup_failed") from None
        if not addresses:
            raise attempt.failure("dns_lookup_failed")
        return addresses

    def _ask(self, host: str, port: int) -> Future[tuple[str, ...]]:
        key = (host, port)
        with self._lock:
            answer = self._running.get(key)
            if answer is None:
                answer = self._running[key] = Future()
                name = f"outbound-dns-{host}"
                threading.Thread(
                    target=self._look_up, args=(key, answer), name=name, daemon=True
                ).start()
            return answer

    def _look_up(self, key: tuple[str, int], answer: Future[tuple[str, ...]]) -> None:
        try:
            if not self._slots.acquire(timeout=_LIMIT_SECONDS):
                raise TimeoutError("other lookups hold every slot")
            try:
                addresses = tuple(self._resolve(*key))
            finally:
                self._slots.release()
            self._remember(key, addresses)
            answer.set_result(addresses)
        except Exception as error:  # noqa: BLE001 (raised where it is waited for, bugs too)
            answer.set_exception(error)
        finally:
            with self._lock:
                self._running.pop(key, None)

    def _remember(self, key: tuple[str, int], addresses: tuple[str, ...]) -> None:
        with self._lock:
            if len(self._answers) >= _CACHE_SIZE:
                self._answers.clear()
            self._answers[key] = (monotonic() + _CACHE_SECONDS, addresses)

    @staticmethod
    def _wait(answer: Future[tuple[str, ...]], attempt: Attempt) -> tuple[str, ...]:
        # In small steps, since there is no socket yet that a cancel could shut.
        give_up = monotonic() + min(_LIMIT_SECONDS, attempt.remaining())
        while not answer.done() and monotonic() < give_up:
            attempt.check()
            try:
                return answer.result(_LOOK_SECONDS)
            except TimeoutError:
                continue
        return answer.result(0)
