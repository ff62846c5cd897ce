"""Makes `.venv/` and installs a lock file into it, unless that has been done already.

Runs under whatever Python the machine has, so it uses the standard library only and is
started as a script: `python devtools/bootstrap.py requirements.lock`.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import subprocess
import sys
import tomllib
from collections import deque
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
# Installing the tests' lock installs everything that bin/dev needs as well.
COVERS = {"requirements-test.lock": ["requirements.lock"]}
# pip's words for each package that it turns to
NAMED = re.compile(r"(?:Collecting|Requirement already satisfied:) ([\w.-]+)")


def main(lock: str) -> None:
    with_one_at_a_time()
    if not venv_works():
        make_venv()
    if stamp(lock).is_file() and stamp(lock).read_text() == fingerprint(lock):
        return
    say(f"Installing {lock} into .venv (only when it has changed)")
    install_lock(lock)
    install_project()
    for name in [lock, *COVERS.get(lock, [])]:
        stamp(name).write_text(fingerprint(name))


def with_one_at_a_time() -> None:
    """bin/dev and bin/test may be started together; the second waits for the first."""
    root = os.open(ROOT, os.O_RDONLY)  # held until this process ends
    try:
        fcntl.flock(root, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        say("Waiting for another bin/dev or bin/test that is installing")
        fcntl.flock(root, fcntl.LOCK_EX)


def venv_works() -> bool:
    """False too when the Python that .venv was made from has been removed or is too old."""
    probe = "import sys, pip; sys.exit(sys.version_info < (3, 11))"
    try:
        run = subprocess.run([PYTHON, "-c", probe], capture_output=True, check=False)
    except OSError:
        return False
    return run.returncode == 0


def make_venv() -> None:
    say(f"Making .venv with Python {sys.version.split()[0]}")
    made = subprocess.run(
        [sys.executable, "-m", "venv", "--clear", str(VENV)],
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode:
        stop(f"cannot make .venv: {last_line(made.stdout + made.stderr)}")


def fingerprint(lock: str) -> str:
    """Changes with the lock, with the packaging half of pyproject.toml and with Python."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    packaging = [project["build-system"], project["project"], project["tool"].get("setuptools")]
    version = subprocess.run([PYTHON, "-V"], capture_output=True, check=True).stdout
    parts = [(ROOT / lock).read_bytes(), json.dumps(packaging).encode(), version]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def stamp(lock: str) -> Path:
    return VENV / f".installed-{lock}"


def install_lock(lock: str) -> None:
    total = len(re.findall(r"(?m)^[\w.\[\]-]+==", (ROOT / lock).read_text()))
    seen = 0
    tail: deque[str] = deque(maxlen=15)
    with subprocess.Popen(
        pip("install", "--requirement", lock),
        cwd=ROOT,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as run:
        for line in run.stdout or ():
            tail.append(line)
            if named := NAMED.match(line):
                seen += 1
                progress(seen, total, named[1])
            if line.startswith("Installing collected"):
                say("Unpacking")
    if run.returncode:
        sys.stderr.writelines(tail)
        stop(f"pip could not install {lock}; its last words are above.")


def progress(seen: int, total: int, name: str) -> None:
    if seen <= total and (seen % 10 == 0 or seen == total):
        say(f"  {seen}/{total}  {name}")


def install_project() -> None:
    run = subprocess.run(
        pip("install", "--no-deps", "--editable", "."),
        cwd=ROOT,
        text=True,
        capture_output=True,
        check=False,
    )
    if run.returncode:
        stop(f"pip could not install the project itself: {last_line(run.stdout + run.stderr)}")


def pip(*arguments: str) -> list[str]:
    return [str(PYTHON), "-m", "pip", "--disable-pip-version-check", "--no-input", *arguments]


def last_line(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1].strip() if lines else "no reason given"


def say(text: str) -> None:
    print(text, flush=True)


def stop(text: str) -> None:
    sys.exit(f"error: {text}")


if __name__ == "__main__":
    try:
        main(sys.argv[1])
    except KeyboardInterrupt:
        stop("stopped while installing; start it again and it goes on.")
