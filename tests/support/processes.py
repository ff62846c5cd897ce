"""Real worker and scheduler processes, as the Procfile starts them."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.support import warm

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
WORKER = [
    str(BIN / "rq"),
    "worker",
    *("--worker-class", "workers.worker.RunsheetWorker"),
    *("--job-class", "workers.job.RunsheetJob"),
    *("--connection-class", "workers.connection.Connection"),
    *("--serializer", "json"),
]
PLAIN_WORKER = [str(BIN / "rq"), "worker", *("--job-class", "workers.job.RunsheetJob"), "--quiet"]
SCHEDULER = [sys.executable, "-m", "workers.scheduler"]


class Process:
    """One process, started at once, killed at the latest by `end`."""

    def __init__(self, command: list[str], environ: Mapping[str, str], log: Path) -> None:
        self.log = log
        self.popen = start(command, {**os.environ, **environ}, log)

    @property
    def pid(self) -> int:
        return self.popen.pid

    def kill(self) -> None:
        """SIGKILL: nothing is tidied up."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        self.popen.wait()

    def signal(self, number: int) -> None:
        os.kill(self.pid, number)

    def wait(self, seconds: float) -> int:
        return self.popen.wait(seconds)

    def end(self) -> None:
        """Kill it and whatever it forked."""
        forked = children_of(self.pid)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        for pid in forked:  # rq gives each a group of its own
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.popen.wait()


def children_of(pid: int) -> list[int]:
    """Those that live of a process that lives; nothing where there is no /proc."""
    try:
        threads = [*Path(f"/proc/{pid}/task").iterdir()]
        return [int(one) for each in threads for one in (each / "children").read_text().split()]
    except (FileNotFoundError, ProcessLookupError):
        return []


def start(
    command: list[str], environ: Mapping[str, str], log: Path
) -> subprocess.Popen[bytes] | warm.Warm:
    """Start a command; one of our programs is forked, which is the same but for its imports."""
    if warm.program_of(command):
        return warm.start(command, ROOT, environ, log)
    with log.open("ab") as out:
        return subprocess.Popen(
            command, cwd=ROOT, env=environ, stdout=out, stderr=out, start_new_session=True
        )


@contextlib.contextmanager
def running(
    command: list[str], environ: Mapping[str, str], log: Path, *arguments: str
) -> Iterator[Process]:
    """A process for the length of a block."""
    process = Process([*command, *arguments], environ, log)
    try:
        yield process
    finally:
        process.end()
