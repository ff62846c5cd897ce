"""Becomes another program, which dies when the supervisor does: `child.py SUPERVISOR_PID command…`.

A program of its own because the supervisor has threads, and Python code between fork and exec
of a threaded process may deadlock. Runs under `python -I -S`, so it starts in milliseconds.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def die_with_parent() -> None:
    """Ask Linux for SIGTERM when the supervisor is gone, however it went (kill -9 included)."""
    if not sys.platform.startswith("linux"):
        return
    try:
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    except (OSError, AttributeError):
        return  # another libc: Ctrl-C and SIGTERM still end everything


def main(supervisor: int, command: list[str]) -> None:
    die_with_parent()
    if os.getppid() != supervisor:
        sys.exit(1)  # it went before we had asked
    os.execvp(command[0], command)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
