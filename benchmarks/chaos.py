"""What is lost, done twice or changed when things break: `bin/bench chaos`.

The experiments of `bin/test`, at length and with the leases that production has. Workers are killed
at every failpoint, stopped and continued, and killed by their own steps; Redis and PostgreSQL go
away and come back. Prints tables, and ends with 1 if anything was lost or doubled.
"""

import argparse
import logging
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from flask import current_app

from benchmarks.tables import Table
from tests.support import chaos
from tests.support.chaos_crashes import Crashes
from tests.support.chaos_fencing import Fencing
from tests.support.chaos_lab import laboratory, percentile
from tests.support.chaos_poison import Poison
from tests.support.outages import postgres_that_can_go, redis_that_can_go
from tests.support.outages_console import console
from tests.support.outages_work import PostgresOutage, RedisOutage

Options = argparse.Namespace
ACCOUNT = ("lost", "doubled", "poisoned", "unknown", "fenced", "repeats", "tokens per step")
LEASE = {"LEASE_SECONDS": "15"}
MANY = {"WORKER_THREADS": "4", "ATTEMPTS_PER_HOST": "4"}


def counts(account: chaos.Account, steps: int) -> tuple[int, ...]:
    """The cells of ACCOUNT."""
    return (
        steps - account.completed - account.poisoned,
        account.completed_twice,
        account.poisoned,
        account.unknown,
        account.fenced,
        account.repeats,
        account.tokens_per_step,
    )


def crashes(folder: Path, options: Options) -> None:
    table = Table(
        "Killed at failpoints",
        "database",
        "kills",
        "steps",
        "attempts hit",
        *ACCOUNT,
        "given back p50 s",
        "recovery p50 s",
        "p99 s",
        "minutes",
    )
    for database in options.databases:
        began = time.monotonic()
        with laboratory(folder / database, database, **LEASE, WORKER_THREADS="2") as lab:
            lab.publish()
            lab.slow_down(1.0)
            found = Crashes(lab, options.kills, options.steps, size=4, seconds=3000).run()
        table.row(
            database,
            len(found.kills),
            found.begun,
            found.hits.total(),
            *counts(found.account, found.begun),
            f"{percentile(found.noticed, 0.5):.1f}",
            f"{found.p50:.1f}",
            f"{found.p99:.1f}",
            f"{(time.monotonic() - began) / 60:.0f}",
        )
        print(f"<!-- {found.per_point()}; {found.per_hits()} -->", flush=True)


def fencing(folder: Path, options: Options) -> None:
    table = Table("Stopped in mid-send, continued", "database", "stops", "changed", *ACCOUNT)
    for database in options.databases:
        with laboratory(folder / database, database, LEASE_SECONDS="3") as lab:
            lab.publish()
            found = Fencing(lab, options.stops, at_once=4).run()
            account = chaos.account(lab.receiver)
        table.row(database, found.stops, found.changed, *counts(account, found.stops))


def poison(folder: Path, options: Options) -> None:
    table = Table(
        "Steps that kill their worker", "database", "poisonous", "kills", "others", *ACCOUNT
    )
    for database in options.databases:
        with laboratory(folder / database, database, **LEASE) as lab:
            app = current_app._get_current_object()  # type: ignore[attr-defined]
            found = Poison(lab, app, poisonous=3, harmless=100).run(seconds=1200)
            account = chaos.account(lab.receiver)
        table.row(database, 3, found.kills.total(), 100, *counts(account, 103))


def redis(folder: Path, options: Options) -> None:
    table = Table(
        "Redis away twice: back empty, back with an old dump",
        *("database", "seconds each", "steps", "done meanwhile", *ACCOUNT),
        *("resumed after s", "the API meanwhile"),
    )
    for database in options.databases:
        (folder / f"redis-of-{database}").mkdir(parents=True)
        with (
            redis_that_can_go(folder / f"redis-of-{database}") as server,
            laboratory(folder / database, database, REDIS_URL=server.url, **LEASE) as lab,
            console(lab.environ, lab.log) as running,
        ):
            found = RedisOutage(lab, running, server, seconds=options.redis_seconds)
            account = found.run()
        table.row(
            database,
            options.redis_seconds,
            found.steps,
            found.done_meanwhile,
            *counts(account, found.steps),
            f"{found.resumed_after:.1f}",
            ", ".join(f"{status}: {count}" for status, count in found.reads.items()),
        )


def postgresql(folder: Path, options: Options) -> None:
    table = Table(
        "PostgreSQL away in mid-work",
        *("how", "seconds", "steps", *ACCOUNT, "resumed after s", "the API meanwhile"),
    )
    for how in ("fast", "immediate", "freeze"):
        with (
            postgres_that_can_go() as server,
            laboratory(folder / how, "postgresql", DATABASE_URL=server.url, **LEASE, **MANY) as lab,
            console(lab.environ, lab.log) as running,
        ):
            found = PostgresOutage(lab, running, server, how, seconds=options.postgres_seconds)
            account = found.run()
        table.row(
            how,
            options.postgres_seconds,
            found.steps,
            *counts(account, found.steps),
            f"{found.resumed_after:.1f}",
            ", ".join(f"{answer}: {count}" for answer, count in sorted(found.answers.items())),
        )


EXPERIMENTS: dict[str, Callable[[Path, Options], None]] = {
    each.__name__: each for each in (crashes, fencing, poison, redis, postgresql)
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="+", choices=EXPERIMENTS, default=list(EXPERIMENTS))
    parser.add_argument("--databases", nargs="+", default=["sqlite", "postgresql"])
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--steps", type=int, default=500)
    parser.add_argument("--stops", type=int, default=100)
    parser.add_argument("--redis-seconds", type=float, default=60)
    parser.add_argument("--postgres-seconds", type=float, default=10)
    options = parser.parse_args()
    logging.getLogger("app.bells").setLevel(logging.ERROR)  # that Redis is away is no news here
    with tempfile.TemporaryDirectory(prefix="runsheet-chaos-") as name:
        for only in options.only:
            EXPERIMENTS[only](Path(name) / only, options)
    print(f"\n{Table.faults or 'nothing'} lost, doubled or changed")
    return 1 if Table.faults else 0


if __name__ == "__main__":
    sys.exit(main())
