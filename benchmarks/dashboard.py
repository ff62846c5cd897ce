"""How long the dashboard and /metrics take with a long past: `bin/bench dashboard`.

100,000 instances with their steps, two thousand jobs, and the counts of eight days as six processes
would have left them. In this process, with a real database; the network is left out, and each look
is taken anew (else a process serves others with it for some seconds).
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from flask import Flask
from flask_migrate import upgrade
from sqlalchemy import text

from app import bells, clock, create_app, transaction
from app.api import metrics
from app.config import Settings
from app.domain import people
from app.extensions import db
from app.web import glances
from benchmarks.editor import PASSWORD, author, url_of
from benchmarks.history import fill
from benchmarks.tables import Table
from tests.conftest import environment

PATHS = ("/", "/?last=day", "/?last=week", "/metrics")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--instances", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--databases", nargs="+", default=["sqlite", "postgresql"])
    options = parser.parse_args()
    metrics.KEPT = -1.0
    glances.KEPT = dict.fromkeys(glances.KEPT, timedelta(0))
    table = Table(
        f"Pages that count, beside {options.instances:,} instances",
        *("database", "page", "rounds", "p50 ms", "p95 ms", "p50 of CPU ms", "KiB"),
    )
    for database in options.databases:
        with (
            tempfile.TemporaryDirectory() as folder,
            console(database, Path(folder), options.instances) as app,
        ):
            for path in PATHS:
                table.row(database, path, options.rounds, *measure(app, path, options.rounds))


def measure(app: Flask, path: str, rounds: int) -> tuple[str, ...]:
    """Milliseconds of each request, p50 and p95; p50 of what it computed; the answer's size."""
    client = author(app)
    took, computed, size = list[float](), list[float](), 0
    for at in range(-3, rounds):  # the first few compile page templates
        began, busy = clock.monotonic(), time.process_time()
        answer = client.get(path)
        assert answer.status_code == 200, answer.text
        if at >= 0:
            took.append((clock.monotonic() - began) * 1000)
            computed.append((time.process_time() - busy) * 1000)
        size = len(answer.data)
    took.sort()
    middle = (statistics.median(took), took[int(len(took) * 0.95)], statistics.median(computed))
    return tuple(f"{each:.0f}" for each in (*middle, size / 1024))


@contextmanager
def console(database: str, folder: Path, instances: int) -> Iterator[Flask]:
    """An application on a database with a past."""
    with url_of(database, folder) as url:
        app = create_app(Settings.load(environment(DATABASE_URL=url)))
        app.config["WTF_CSRF_ENABLED"] = False
        bells.use(bells.NoBell())
        with app.app_context():
            upgrade()
            with transaction.writing() as session:
                people.create_user(session, "ada@example.com", "Ada", "author", PASSWORD)
                fill(session, instances)
            with transaction.writing() as session:
                session.execute(text("ANALYZE"))
            db.session.remove()
        yield app
        with app.app_context():
            db.engine.dispose()


if __name__ == "__main__":
    main()
