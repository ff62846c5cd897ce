"""A bin/dev of the drills' own, on free ports and in a folder that is thrown away."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from app.config import NAMES
from devtools.drills import inside
from devtools.drills.site import NotADevEnvironment, Site, running_on, wait_until
from devtools.ports import four_free_ports

ROOT = Path(__file__).resolve().parents[2]
# Soon rather than as in production: leases end, and steps are set aside, while somebody watches.
QUICKLY = {"LEASE_SECONDS": "5", "POISON_AFTER": "1", "WORKER_THREADS": "4", "SEED": "no"}
# No setting of the terminal in which a drill is asked for: it may be of a real place.
NOT_OURS = NAMES | {"WORKERS", "WEB_CONCURRENCY", "DEMO_RECEIVER_URL"}


@contextmanager
def private_site(**more: str) -> Iterator[Site]:
    """A bin/dev for the length of a block; `more`: settings that it is given."""
    with tempfile.TemporaryDirectory(prefix="runsheet-drill-") as name:
        var = Path(name)
        environ = environment(os.environ, {**QUICKLY, **more, "RUNSHEET_VAR": name})
        with (var / "dev.log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "devtools.dev"],
                cwd=ROOT,
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        try:
            with inside.let_in(_when_ready(process, var)) as site:
                yield site
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=60)


def environment(here: Mapping[str, str], given: Mapping[str, str]) -> dict[str, str]:
    """What bin/dev is started with in a terminal that has `here`: `given`, and a port."""
    environ = {name: value for name, value in here.items() if name not in NOT_OURS}
    return environ | {**given, "PORT": str(four_free_ports())}


@contextmanager
def private_site_on_postgresql() -> Iterator[Site]:
    """The same on a PostgreSQL of its own, which the drill may stop."""
    # From a wheel that only the tests' lock holds.
    from devtools.postgres_server import PostgresServer

    with tempfile.TemporaryDirectory(prefix="runsheet-drill-postgres-") as name:
        database = PostgresServer(Path(name) / "data")
        try:
            with private_site(DATABASE_URL=database.url) as site:
                site.database = database
                yield site
        finally:
            database.end()


def _when_ready(process: subprocess.Popen[bytes], var: Path) -> Site:
    told = var / "running.json"
    wait_until(lambda: told.exists() or process.poll() is not None, "bin/dev is up", 300)
    if process.poll() is not None:
        raise NotADevEnvironment((var / "dev.log").read_text().strip().splitlines()[-1])
    return running_on(var, private=True)
