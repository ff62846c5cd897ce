"""Processes that start in no time: forked by one that has imported all (`forge.py`). They are
children of ours like any that `subprocess` starts, only already warm."""

import atexit
import ctypes
import functools
import json
import os
import select
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

PROGRAMS = ("rq", "gunicorn", "workers.scheduler")
POSSIBLE = sys.platform == "linux"  # elsewhere nobody adopts the child of a child
PR_SET_CHILD_SUBREAPER = 36


class Warm:
    """A process that was forked; speaks as `subprocess.Popen` does."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._ends = os.pidfd_open(pid)
        self._looks = threading.Lock()

    def poll(self) -> int | None:
        return self._look(0)

    def wait(self, timeout: float | None = None) -> int:
        code = self._look(None if timeout is None else int(timeout * 1000))
        if code is None:
            raise subprocess.TimeoutExpired(f"process {self.pid}", timeout or 0)
        return code

    def _look(self, milliseconds: int | None) -> int | None:
        if self.returncode is None and self._has_ended(milliseconds):
            with self._looks:
                if self.returncode is None:
                    self.returncode = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
                    os.close(self._ends)
        return self.returncode

    def _has_ended(self, milliseconds: int | None) -> bool:
        looking = select.poll()
        looking.register(self._ends, select.POLLIN)
        return bool(looking.poll(milliseconds))


class Forge:
    """Our end of the process that forks; one for each process that runs tests."""

    def __init__(self) -> None:
        self._asking, asked = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        command = [sys.executable, "-m", "tests.support.forge", str(asked.fileno())]
        self._process = subprocess.Popen(
            command,
            cwd=Path(__file__).parents[2],
            pass_fds=[asked.fileno()],
            start_new_session=True,
        )
        asked.close()
        self._one_at_a_time = threading.Lock()
        atexit.register(self._end)
        assert self._asking.recv(16) == b"ready"

    def start(self, wish: Mapping[str, object]) -> Warm:
        with self._one_at_a_time:
            adopt_orphans(True)
            try:
                self._asking.send(json.dumps(wish).encode())
                return Warm(int(self._asking.recv(16)))
            finally:
                adopt_orphans(False)

    def _end(self) -> None:
        self._asking.close()
        self._process.wait()


def adopt_orphans(wanted: bool) -> None:
    """Whether a process below us whose parent ends is ours then."""
    assert ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, int(wanted), 0, 0, 0) == 0


the_forge = functools.cache(Forge)


def program_of(command: Sequence[str]) -> str | None:
    """Which of our programs the command starts; None for any that can't be forked."""
    name = command[2] if command[1:2] == ["-m"] else Path(command[0]).name
    return name if POSSIBLE and name in PROGRAMS else None


def start(command: Sequence[str], cwd: Path, environ: Mapping[str, str], log: Path) -> Warm:
    """Start the command of one of our programs; what it says goes to the end of the log."""
    return the_forge().start(
        {
            "program": program_of(command),
            "argv": [command[0], *command[3 if command[1:2] == ["-m"] else 1 :]],
            "cwd": str(cwd),
            "environ": dict(environ),
            "log": str(log),
        }
    )
