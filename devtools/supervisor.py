"""Keeps processes running: starts them, shows what they say, restarts those that end, and takes
all of them down when it is told to stop.

Everything but the reading of output happens in one thread, the main one: signals arrive there,
and Linux sends a child its death signal when the *thread* that started it ends.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from devtools.output import Output, Reader

CHILD = Path(__file__).with_name("child.py")
GRACE = 25.0  # seconds from SIGTERM to SIGKILL; the processes promise to need less
STEADY_AFTER = 30.0  # a process that ran this long starts with a fresh backoff
LONGEST_BACKOFF = 10.0
TICK = 0.1


class Stopped(Exception):
    """Ctrl-C or SIGTERM arrived while something was waited for."""


@dataclass
class Process:
    """One program that is to be running, and how it has fared."""

    name: str
    command: list[str]
    environ: Mapping[str, str] = field(default_factory=dict[str, str])
    stops_last: bool = False  # what others need while they stop: Redis, the receiver
    quiet: bool = False  # its words are remembered, not shown
    popen: subprocess.Popen[bytes] | None = None
    reader: Reader | None = None
    failures: int = 0  # ends in a row, each before STEADY_AFTER
    started_at: float = 0.0
    restart_at: float | None = None
    told_to_rest: bool = False


class Supervisor:
    """Call `tick()` often, or `wait_until()`; leave the `with` block and everything is down."""

    def __init__(
        self, output: Output, cwd: Path, grace: float = GRACE, holds: Path | None = None
    ) -> None:
        self.output = output
        self.cwd = cwd
        self.grace = grace
        self.holds = holds  # where a file named after a process keeps it down: see bin/drill
        self.processes: list[Process] = []
        self.signals = 0
        self.signalled_at = 0.0

    def __enter__(self) -> Supervisor:
        # SIGHUP as well: a closed terminal must not leave the processes behind.
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._on_signal)
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def stopping(self) -> bool:
        return self.signals > 0

    def start(self, process: Process) -> Process:
        """Start it and keep it running from now on."""
        self.processes.append(process)
        self._spawn(process)
        return process

    def run(self, process: Process, timeout: float) -> tuple[int, str]:
        """Run something to its end, unseen; its exit code and what it said."""
        process.quiet = True
        self._spawn(process)
        self.processes.append(process)
        try:
            self._wait(lambda: not alive(process), timeout)
        finally:
            self._end([process], grace=5)
            self.processes.remove(process)
        assert process.popen
        assert process.reader
        return process.popen.returncode, process.reader.text()

    def wait_until(self, true: Callable[[], bool], timeout: float) -> bool:
        """Keep everything running until `true()`; False when that took too long."""
        return self._wait(lambda: self.tick() or true(), timeout)

    def watch(self) -> None:
        """Keep everything running until a signal comes."""
        while not self.stopping:
            self.tick()
            time.sleep(TICK)

    def tick(self) -> None:
        for process in self.processes:
            if self._is_held(process):
                self._let_rest(process)
            elif process.restart_at is not None:
                if time.monotonic() >= process.restart_at:
                    self._spawn(process)
            elif process.popen and process.popen.poll() is not None:
                self._plan_restart(process)

    def _is_held(self, process: Process) -> bool:
        return self.holds is not None and (self.holds / process.name).exists()

    def _let_rest(self, process: Process) -> None:
        """Stopped in good order, and not started before it is let go."""
        process.failures, process.restart_at = 0, None
        if alive(process) and not process.told_to_rest:
            process.told_to_rest = True
            self.output.line(process.name, "is held down")
            signal_group(process, signal.SIGTERM)

    def stop(self) -> None:
        """SIGTERM to each group, a while to finish, SIGKILL to what is left."""
        last = [p for p in self.processes if p.stops_last]
        first = [p for p in self.processes if not p.stops_last]
        self._end(first, self.grace)
        self._end(last, min(self.grace, 3.0))
        self.processes.clear()

    def _on_signal(self, *_: object) -> None:
        # A held Ctrl-C or a signal sent to the whole group is one wish, not two.
        if self.signals and time.monotonic() - self.signalled_at < 1:
            return
        self.signals += 1
        self.signalled_at = time.monotonic()

    def _wait(self, true: Callable[[], bool], timeout: float) -> bool:
        deadline = time.monotonic() + timeout
        while not true():
            if self.stopping:
                raise Stopped
            if time.monotonic() > deadline:
                return False
            time.sleep(TICK / 2)
        return True

    def _spawn(self, process: Process) -> None:
        wrapper = [sys.executable, "-I", "-S", str(CHILD), str(os.getpid())]
        process.popen = subprocess.Popen(
            [*wrapper, *process.command],
            cwd=self.cwd,
            env=dict(process.environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C reaches us alone, and a group can be signalled
        )
        process.reader = Reader(process.popen, process.name, None if process.quiet else self.output)
        process.started_at = time.monotonic()
        process.restart_at = None
        process.told_to_rest = False

    def _plan_restart(self, process: Process) -> None:
        assert process.popen
        assert process.reader
        signal_group(process, signal.SIGKILL)  # its own children must not outlive it
        process.reader.close()
        steady = time.monotonic() - process.started_at > STEADY_AFTER
        process.failures = 1 if steady else process.failures + 1
        pause = min(LONGEST_BACKOFF, 0.5 * 2 ** (process.failures - 1))
        process.restart_at = time.monotonic() + pause
        how = ended(process.popen.returncode)
        if process.quiet and process.reader.tail:
            self.output.line(process.name, process.reader.tail[-1])
        self.output.line(process.name, f"ended ({how}); starting again in {pause:g} s")

    def _end(self, processes: list[Process], grace: float) -> None:
        for process in processes:
            signal_group(process, signal.SIGTERM)
        signals, deadline = self.signals, time.monotonic() + grace
        while any(alive(p) for p in processes) and time.monotonic() < deadline:
            if self.signals > max(signals, 1):
                break  # a second Ctrl-C: do not wait
            time.sleep(TICK / 2)
        for process in processes:
            signal_group(process, signal.SIGKILL)
            if process.popen:
                process.popen.wait()
            if process.reader:
                process.reader.close()


def alive(process: Process) -> bool:
    return process.popen is not None and process.popen.poll() is None


def signal_group(process: Process, number: signal.Signals) -> None:
    """Signal the process and what it started; no matter if all of them are gone."""
    if process.popen:
        try:
            os.killpg(process.popen.pid, number)
        except (ProcessLookupError, PermissionError):
            return


def ended(code: int) -> str:
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
