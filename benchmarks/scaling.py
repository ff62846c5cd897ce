"""What one process more brings: `bin/bench scaling`.

Workers: steps a second at a receiver that takes 200 ms to answer, with one, two and three worker
processes, or one with more threads. Web: pages a second for eight readers, with one and two web
processes. Each round does all of them in turn, and the ratio is to the first of its round, since
only ratios mean anything on a machine that others use too.
"""

import argparse
import logging
import sys
import tempfile
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.tables import Table
from tests.support.chaos_lab import laboratory
from tests.support.outages_console import console

ANSWER_SECONDS = 0.2
READERS = 8


@dataclass(frozen=True)
class Setup:
    """How much of what runs."""

    name: str
    workers: int = 1
    environ: Mapping[str, str] = field(default_factory=dict[str, str])


WORKERS = (
    Setup("1 worker process"),
    Setup("2 worker processes", workers=2),
    Setup("3 worker processes", workers=3),
    Setup("1 of 48 threads", environ={"WORKER_THREADS": "48"}),
)
WEB = (
    Setup("1 web process"),
    Setup("2 web processes", environ={"WEB_CONCURRENCY": "2"}),
)


def steps_a_second(folder: Path, database: str, setup: Setup, count: int) -> float:
    """From the first to the last arrival."""
    arrivals: list[float] = []
    with laboratory(folder, database, LEASE_SECONDS="15", **dict(setup.environ)) as lab:
        lab.slow_down(ANSWER_SECONDS)
        slow = lab.receiver.answer
        lab.receiver.answer = lambda got: (arrivals.append(time.monotonic()), slow(got))[1]
        lab.publish()
        with console(lab.environ, lab.log, setup.workers):
            lab.begin(count)
            lab.receiver.wait_for(count, seconds=600)
    return (count - 1) / (max(arrivals) - min(arrivals))


def pages_a_second(folder: Path, database: str, setup: Setup, count: int) -> float:
    """An instance by the API, asked for by several readers at once."""
    with laboratory(folder, database, LEASE_SECONDS="15", **dict(setup.environ)) as lab:
        lab.publish()
        with console(lab.environ, lab.log) as running, ThreadPoolExecutor(READERS) as readers:
            path = f"/api/workflows/instances/{running.start_instance().json()['id']}"
            for _ in readers.map(running.get, [path] * READERS * 4):
                pass  # every process has been asked
            began = time.monotonic()
            assert all(answer.ok for answer in readers.map(running.get, [path] * count))
            return count / (time.monotonic() - began)


def main() -> int:
    options = parse()
    logging.disable(logging.WARNING)
    with tempfile.TemporaryDirectory(prefix="runsheet-scaling-") as folder:
        for database in options.databases:
            for what in options.only:
                compare(Path(folder), database, what, options)
    return 0


MEASURES = {"steps": (steps_a_second, WORKERS), "pages": (pages_a_second, WEB)}


def compare(folder: Path, database: str, what: str, options: argparse.Namespace) -> None:
    """Print what each setup does, round by round."""
    measure, setups = MEASURES[what]
    table = Table(f"{what}, {database}", "", "round", "a second", "ratio")
    for number in range(1, options.rounds + 1):
        first = 0.0
        for at, setup in enumerate(setups):
            place = folder / f"{database}-{what}-{number}-{at}"
            found = measure(place, database, setup, options.n)
            first = first or found
            table.row(setup.name, number, f"{found:.0f}", f"{found / first:.2f}")


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-n", type=int, default=900, help="steps or pages of a measurement")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", nargs="+", default=["steps", "pages"], metavar="steps|pages")
    parser.add_argument("--databases", nargs="+", default=["sqlite", "postgresql"])
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
