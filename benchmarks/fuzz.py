"""Every operation of the API in every role, with what its schemas allow and what they do not:
`bin/bench fuzz`.

Schemathesis makes the requests from the OpenAPI document; half of them name things that are there.
The real application, a real Redis, SQLite and PostgreSQL (each in a process of its own). Ends with
one table, and with 1 if any answer was a 5xx or one that the document does not promise, or if the
time was up before all cases were asked.
"""

import argparse
import logging
import multiprocessing
import os
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from pathlib import Path

from flask_migrate import upgrade

from app import create_app
from app.config import Settings
from app.extensions import db
from benchmarks.tables import Table
from tests.conftest import environment
from tests.support.fuzzing import ROLES, Found, Fuzzer
from tests.support.servers import postgres, private_redis

COLUMNS = ("database", "role", "cases", "2xx", "4xx", "5xx", "outside the spec")
DATABASES: tuple[str, ...] = ("sqlite", "postgresql")
NO_LIMIT = {"API_RATE_LIMIT": "0", "API_RATE_LIMIT_STRANGERS": "0"}
EXAMPLES = 5  # of each operation in a round


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=20_000, help="at least, in all")
    parser.add_argument("--database", choices=("both", *DATABASES), default="both")
    parser.add_argument("--minutes", type=float, default=90, help="then no other round begins")
    parser.add_argument("--only", default="", help="operations with this in their names")
    options = parser.parse_args()
    databases = DATABASES if options.database == "both" else (options.database,)
    cases = -(-options.cases // len(databases))
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(len(databases), mp_context=spawn) as pool:
        asked = [pool.submit(fuzz, each, cases, options) for each in databases]
        found = dict(zip(databases, (one.result() for one in asked), strict=True))
    for database, one in found.items():
        tell(database, one)
    tabulate(found)
    return judge(list(found.values()), options.cases)


def judge(found: list[Found], wanted: int) -> int:
    """Say what came of it. 0, or 1 if an answer was wrong or fewer were asked for than `wanted`."""
    wrong = sum(one.outside.total() for one in found)
    asked = sum(one.counts.total() for one in found)
    print(f"\n{wrong or 'no'} answers outside the spec")
    if asked < wanted:
        print(f"only {asked:,} cases of {wanted:,}: the time was up (--minutes)")
    return 1 if wrong or asked < wanted else 0


def fuzz(database: str, cases: int, options: argparse.Namespace) -> Found:
    """All cases on one database, in rounds over all operations."""
    began = time.monotonic()
    logging.getLogger("app").setLevel(logging.ERROR)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="runsheet-fuzz-")))
        redis_url = stack.enter_context(private_redis(folder))
        url = f"sqlite:///{folder / 'fuzz.db'}"
        if database == "postgresql":
            url = stack.enter_context(postgres(folder / "postgres"))
        environ = environment(DATABASE_URL=url, REDIS_URL=redis_url, **NO_LIMIT)
        app = create_app(Settings.load(environ))
        with app.app_context():
            upgrade()
            try:
                fuzzer, round = Fuzzer(app), 0
                while fuzzer.found.counts.total() < cases:
                    found = fuzzer.run(EXAMPLES, options.only, round)
                    say = f"{found.counts.total():,} cases, {found.outside.total()} outside"
                    print(f"{database}, round {round}: {say} the spec", flush=True)
                    round += 1
                    if time.monotonic() - began > options.minutes * 60:
                        break
                return fuzzer.found
            finally:
                db.session.remove()
                db.engine.dispose()


def tell(database: str, found: Found) -> None:
    """Which share of each operation's cases got through, and what was wrong."""
    print(f"\n{database}: share of 2xx by operation")
    for operation, share in found.share_good().items():
        print(f"  {share:4.0%} {operation}")
    for operation in found.never_good():
        print(f"  warning: nobody was ever answered with 2xx: {operation}")
    for fault in found.faults:
        print(f"\n{fault.operation} as {fault.role}: {fault.status}, {fault.what}\n{fault.curl}")


def tabulate(found: dict[str, Found]) -> None:
    table = Table("Answers to generated requests", *COLUMNS)
    totals = [0] * 5
    for database, one in found.items():
        for role in ROLES:
            counts = one.of_role(role)
            totals = [total + count for total, count in zip(totals, counts, strict=True)]
            table.row(database, role or "no token", *(f"{count:,}" for count in counts))
    table.row("all", f"{os.cpu_count()} cores", *(f"{total:,}" for total in totals))


if __name__ == "__main__":
    sys.exit(main())
