"""What the Procfile says is to run."""

from __future__ import annotations

import re
from pathlib import Path

RELEASE = "release"


def read(path: Path) -> dict[str, str]:
    """Name to command, in the file's order; comments and empty lines are passed over."""
    lines = path.read_text().splitlines()
    found = (re.fullmatch(r"([A-Za-z0-9_-]+):\s*(\S.*)", line) for line in lines)
    return {match[1]: match[2] for match in found if match}


def processes(path: Path, workers: int) -> dict[str, str]:
    """What runs all the time: without `release`, and with as many workers as are wished."""
    commands: dict[str, str] = {}
    for name, command in read(path).items():
        if name == RELEASE:
            continue
        commands[name] = command
        if name == "worker":
            commands |= {f"worker{number}": command for number in range(2, workers + 1)}
    return commands
