"""A browser for the system tests: the machine's own, else Debian's."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def find() -> str | None:
    """The path of a Chromium on PATH, or None."""
    return next((path for path in map(shutil.which, NAMES) if path), None)


def ensure() -> None:
    """Install Chromium if there is none; say so in one line if that cannot be done."""
    if find():
        return
    if not shutil.which("apt-get") or os.geteuid() != 0:
        print("No chromium on PATH; install it, or the browser tests will fail.", flush=True)
        return
    print("Installing chromium for the browser tests", flush=True)
    environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["update"], ["install", "-y", "--no-install-recommends", "chromium"]):
        done = subprocess.run(
            ["apt-get", "-qq", *command], env=environ, capture_output=True, text=True, check=False
        )
        if done.returncode:
            why = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
            print(f"apt-get could not install chromium: {why}", flush=True)
            return


if __name__ == "__main__":
    ensure()
    print(find() or Path("none"))
