"""Who has died on this machine, told by the kernel.

A worker holds a lock (flock) on a file that is named after it for as long as it lives. The kernel
lets go of it when the process dies, whatever way, and not before: one that is stopped or frozen
holds it still. Whoever can lock somebody else's file has found a dead worker, whose leases need
not run out first.

This only ever says "dead" of processes of this machine that worked for the same database. Whatever
else is the matter (another machine, no such file, a folder that can't be used) nothing is said, and
the leases run out by themselves.
"""

import contextlib
import fcntl
import logging
import os
import stat
import tempfile
from collections.abc import Iterator
from functools import cache
from hashlib import sha256
from pathlib import Path

from sqlalchemy.engine import make_url

from app.config import Settings
from workers import process

# The file of a dead worker is kept for so many seconds after its last touch: what the database
# does for it after its death (a claim that was already on its way) is found too.
KEPT_FOR = 60.0
_HIDDEN = "."  # first letter of a file that is not locked yet
log = logging.getLogger(__name__)


class Lifeline:
    """A worker's own lock."""

    def __init__(self, settings: Settings, name: str) -> None:
        self._settings, self._name = settings, name
        self._path: Path | None = None

    def hold(self) -> None:
        """From now on, until `end` or this process's death. Comes before its first claim."""
        try:
            self._path = self._make(folder_for(self._settings))
        except OSError as error:
            log.warning("No lifeline (%s): if this worker dies, its leases run out first", error)

    def _make(self, folder: Path) -> Path:
        """Lock a hidden file, then show it: nobody ever sees one of its name that is not locked."""
        hidden = folder / f"{_HIDDEN}{self._name}"
        self._file = hidden.open("x")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return hidden.rename(folder / f"{_prefix(self._settings)}{self._name}")
        except OSError:
            self._file.close()
            hidden.unlink()
            raise

    def touch(self) -> None:
        """Show that this file is in use, and remove those of workers that died a while ago."""
        if self._path is None:
            return
        with contextlib.suppress(OSError):
            os.utime(self._file.fileno())
            too_old = os.fstat(self._file.fileno()).st_mtime - KEPT_FOR
            for path in self._path.parent.iterdir():
                if path.stat().st_mtime < too_old and _is_free(path):
                    path.unlink()

    def end(self) -> None:
        """The worker ends in good order and holds nothing any more."""
        if self._path is not None:
            self._path.unlink(missing_ok=True)
            self._file.close()
            self._path = None


def dead(settings: Settings) -> list[str]:
    """The names of workers of this database that died on this machine within the last minute."""
    return [*_dead(settings)]


def _dead(settings: Settings) -> Iterator[str]:
    prefix = _prefix(settings)
    with contextlib.suppress(OSError):
        for path in folder_for(settings).iterdir():
            if path.name.startswith(prefix) and _is_free(path):
                yield path.name.removeprefix(prefix)


def _is_free(path: Path) -> bool:
    """Whether nobody holds this file's lock. Asking takes it for a moment, and another who asks in
    that moment takes its owner for alive until he asks again."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except OSError:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    finally:
        os.close(file)
    return True


def folder_for(settings: Settings) -> Path:
    """Where the files are: in RUNSHEET_VAR if it is there and can be written to, else in a private
    folder of this user among the temporary ones. Raises OSError if that can't be used either."""
    if os.access(settings.var, os.W_OK | os.X_OK):
        with contextlib.suppress(OSError):
            return _private(settings.var / "workers")
    return _private(Path(tempfile.gettempdir()) / f"runsheet-workers-{os.geteuid()}")


def _private(folder: Path) -> Path:
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    is_ours = stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid()
    if not is_ours or found.st_mode & 0o077:
        raise PermissionError(f"{folder} is not a folder of this user alone")
    return folder


def _prefix(settings: Settings) -> str:
    """What the names of this database's and this machine's files begin with. A machine is a running
    kernel, since locks are the kernel's: containers on one have each other's files if they share
    the folder, and machines that share it do not judge each other."""
    database = make_url(settings.database_url).render_as_string(hide_password=True)
    return sha256(f"{database} {_kernel()}".encode()).hexdigest()[:16] + ":"


@cache
def _kernel() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return process.host()
