"""What this process asks of the network, as the interpreter itself reports it."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_EVENTS = frozenset(
    f"socket.{name}"
    for name in "__new__ connect getaddrinfo gethostbyname gethostbyaddr sendto sendmsg".split()
)
_watchers: list[list[str]] = []
_hooked = False


def _hook(event: str, args: tuple[Any, ...]) -> None:
    if _watchers and event in _EVENTS:
        for seen in _watchers:
            seen.append(f"{event} {args[1:]}")


@contextmanager
def network_watched() -> Iterator[list[str]]:
    """A list that fills with every socket that is made and every name that is looked up."""
    global _hooked
    if not _hooked:
        sys.addaudithook(_hook)  # for good: an audit hook can't be removed
        _hooked = True
    seen: list[str] = []
    _watchers.append(seen)
    try:
        yield seen
    finally:
        _watchers.remove(seen)
