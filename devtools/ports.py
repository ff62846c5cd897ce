"""Which loopback ports are free, and which addresses answer."""

from __future__ import annotations

import os
import socket


def is_free(port: int) -> bool:
    """Whether a server could listen on the port now (TIME_WAIT does not count as busy)."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except (OSError, OverflowError):
            return False
    return not answers("127.0.0.1", port)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def four_free_ports() -> int:
    """The first of four ports in a row that nobody uses: what a bin/dev needs."""
    for port in range(18100 + os.getpid() % 1000 * 4, 32000, 4):
        if all(is_free(number) for number in range(port, port + 4)):
            return port
    raise OSError("no four free ports in a row")


def answers(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), timeout=1):
            return True
    except OSError:
        return False
