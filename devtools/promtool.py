"""Prometheus's own checker of rules and metrics: the machine's, else Debian's, of which only that
one program is taken, so that no Prometheus begins to run."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

NAME = "promtool"
HERE = Path(sys.executable).parent / NAME
PACKAGE = "prometheus"


def find() -> str | None:
    """The path of promtool, or None."""
    return shutil.which(NAME) or (str(HERE) if HERE.exists() else None)


def ensure() -> None:
    """Fetch promtool if there is none; say so in one line if that cannot be done."""
    if find():
        return
    if not (shutil.which("apt-get") and shutil.which("dpkg-deb")):
        print("No promtool on PATH: the alert rules are checked by their form only.", flush=True)
        return
    print("Fetching promtool to check the alert rules", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        why = _fetch(folder)
        if why and os.geteuid() == 0:
            why = _run(folder, "apt-get", "-qq", "update") or _fetch(folder)
        if why:
            print(f"promtool could not be fetched: {why}", flush=True)
            return
        shutil.copy(Path(folder) / "usr/bin" / NAME, HERE)


def _fetch(folder: str) -> str | None:
    why = _run(folder, "apt-get", "-qq", "download", PACKAGE)
    packages = [*Path(folder).glob("*.deb")]
    return why or _run(folder, "dpkg-deb", "-x", str(packages[0]), folder)


def _run(folder: str, *command: str) -> str | None:
    """None, or the last line of what went wrong."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    lines = done.stderr.strip().splitlines() or ["no reason given"]
    return lines[-1] if done.returncode else None


if __name__ == "__main__":
    ensure()
    print(find() or "none")
