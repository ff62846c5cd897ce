"""What the processes say, each line behind its process's name in its own colour."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections import deque
from typing import TextIO

COLOURS = (36, 33, 35, 32, 34, 96, 93, 95)
LONGEST_LINE = 4000


class Output:
    """Writes whole lines, from any thread."""

    def __init__(self, stream: TextIO = sys.stdout, colour: bool | None = None) -> None:
        self.stream = stream
        self.colour = stream.isatty() and "NO_COLOR" not in os.environ if colour is None else colour
        self.lock = threading.Lock()
        self.names: list[str] = []

    def line(self, name: str, text: str) -> None:
        with self.lock:
            if name not in self.names:
                self.names.append(name)
            self._write(f"{self._mark(name)} {text}")

    def plain(self, text: str = "") -> None:
        with self.lock:
            self._write(text)

    def _mark(self, name: str) -> str:
        mark = f"{name:<9} |"
        if not self.colour:
            return mark
        return f"\033[{COLOURS[self.names.index(name) % len(COLOURS)]}m{mark}\033[0m"

    def _write(self, text: str) -> None:
        try:
            self.stream.write(text + "\n")
            self.stream.flush()
        except (OSError, ValueError):
            return  # the terminal is gone; the processes must be stopped all the same


class Reader:
    """Reads one process's output in a thread, shows it, and remembers its last lines."""

    def __init__(
        self, popen: subprocess.Popen[bytes], name: str, output: Output | None = None
    ) -> None:
        self.popen = popen
        self.name = name
        self.output = output
        self.tail: deque[str] = deque(maxlen=400)
        self.thread = threading.Thread(target=self._read, name=f"reads {name}", daemon=True)
        self.thread.start()

    def _read(self) -> None:
        assert self.popen.stdout
        # Bounded reads: a process that never ends its line must not fill the memory.
        while raw := self.popen.stdout.readline(LONGEST_LINE):
            text = raw.decode(errors="replace").rstrip("\r\n")
            self.tail.append(text)
            if self.output:
                self.output.line(self.name, text)

    def text(self) -> str:
        self.thread.join(timeout=2)
        return "\n".join(self.tail)

    def close(self) -> None:
        """Let the last words through, then let go of the pipe."""
        self.thread.join(timeout=2)
        if not self.thread.is_alive() and self.popen.stdout:
            self.popen.stdout.close()
