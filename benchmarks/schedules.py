"""Whether what is due starts at its time, once, and how late: `bin/bench schedules`.

`burst`: 10,000 delayed steps and 2,000 schedules are due in the same second, with three schedulers
and two workers. `idle`: one delayed step, or one schedule, at a time. `kills`: schedulers die
between writing a fire and its commit. Lateness runs from the time that was due to the arrival of
the webhook at nginx. Ends with 1 if anything is missing, came twice, early, or later than aimed at.
"""

import argparse
import logging
import random
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import select

from app import bells, clock, create_app, transaction
from app.config import Settings
from app.extensions import db
from app.models import Event, Execution, WorkflowInstanceStep
from benchmarks import rivals
from benchmarks.nginx import Nginx, receiving
from benchmarks.stack import Stack, running
from benchmarks.tables import Table
from tests.support.chaos_lab import laboratory, percentile
from tests.support.chaos_ticks import Ticks
from tests.support.ticking import (
    Fired,
    delay_steps,
    plan_schedules,
    publish_delayed,
    publish_scheduled,
    started_by_schedules,
)
from tests.support.waiting import wait_until
from workers.failpoints import BEFORE_FIRE

Options = argparse.Namespace
WITHIN = 30.0  # seconds in which all of a burst starts
IDLE_P50, IDLE_P95 = 0.6, 1.2  # seconds
EARLY = -1.0  # seconds: times in rq-scheduler are whole ones
COLUMNS = (
    *("database", "what", "due", "missing", "twice", "earliest s", "p50 s", "p95 s", "p99 s"),
    *("last s", "too early", "too late"),
)


def cells(fired: Fired, late_if: Callable[[Fired], bool]) -> tuple[object, ...]:
    """What stands in COLUMNS from 'due' on."""
    seconds = (fired.earliest, *(percentile(fired.late, part) for part in (0.5, 0.95, 0.99)))
    return (
        *(fired.due, fired.missing, fired.twice),
        *(f"{each:.3f}" for each in (*seconds, fired.last)),
        int(fired.earliest < EARLY),
        int(late_if(fired)),
    )


@contextmanager
def stack_with_templates(
    folder: Path, database: str, nginx: Nginx, schedulers: int
) -> Iterator[Stack]:
    """A stack, and an application in this process that rings as a web process does."""
    with running(folder, database, schedulers=schedulers) as stack:
        app = create_app(Settings.load(stack.environ))
        bells.use(bells.RqBell(app.config["SETTINGS"]))
        with app.app_context():
            publish_delayed(f"{nginx.url}/delayed")
            publish_scheduled(f"{nginx.url}/scheduled")
            try:
                yield stack
            finally:
                db.session.remove()
                db.engine.dispose()


def arrivals_by_instance(nginx: Nginx) -> list[tuple[int, float]]:
    """(instance, epoch seconds) of each webhook that arrived."""
    with transaction.reading() as session:
        step = WorkflowInstanceStep
        query = select(Execution.token, step.instance_id).join(step, step.id == Execution.step_id)
        owner = {row.token: row.instance_id for row in session.execute(query)}
    return [(owner[token], at) for at, token in nginx.arrivals()]


def schedules_of_instances() -> dict[int, int]:
    """Which schedule started an instance."""
    query = select(Event.instance_id, Event.data).where(Event.kind == "instance.started")
    with transaction.reading() as session:
        rows = [
            (row.instance_id, (row.data or {}).get("scheduleId")) for row in session.execute(query)
        ]
    return {instance: schedule for instance, schedule in rows if schedule is not None}


def burst(folder: Path, nginx: Nginx, options: Options) -> None:
    """Ten thousand delayed steps and two thousand schedules in one second."""
    table = Table("Due in the same second: three schedulers, two workers", *COLUMNS)
    notes: list[str] = []
    for database in options.databases:
        nginx.forget()
        with stack_with_templates(folder / database, database, nginx, schedulers=3) as stack:
            planned = Burst.plan(options)
            used = stack.cpu_seconds()
            _wait_for(nginx, options.steps + options.schedules, seconds=options.lead + 180)
            used = stack.cpu_seconds() - used
            for what, fired in planned.found(nginx).items():
                table.row(database, what, *cells(fired, lambda fired: fired.last > WITHIN))
            # What they did first was due later than all the rest, and has no aim.
            first = planned.first_steps(nginx)
            table.row(database, "schedules, first step sent", *cells(first, lambda _: False))
            bare = rivals.bare_loop(nginx, 500)
            notes.append(
                f"{database}: web, workers, schedulers and Redis took {used:.0f} s of processor "
                f"time for it. Right after it a bare loop posted {bare:.0f} times a second."
            )
    print("", *notes, sep="\n", flush=True)


@dataclass
class Burst:
    """What is due in one second."""

    at: datetime
    steps: list[int]
    schedules: list[int]

    @classmethod
    def plan(cls, options: Options) -> "Burst":
        at = clock.now() + timedelta(seconds=options.lead)
        steps: list[int] = []
        while len(steps) < options.steps:
            steps += delay_steps(min(1000, options.steps - len(steps)), at)
        schedules = plan_schedules(options.schedules, at)
        if clock.now() >= at - timedelta(seconds=5):
            raise SystemExit("Too slow to make them all before they are due: raise --lead.")
        return cls(at, steps, schedules)

    def found(self, nginx: Nginx) -> dict[str, Fired]:
        """What became of it."""
        arrived = arrivals_by_instance(nginx)
        owner = schedules_of_instances()
        delayed = [(one, when) for one, when in arrived if one not in owner]
        return {
            "delayed steps, sent": Fired.of(self.steps, since(self.at, delayed)),
            "schedules, instance started": started_by_schedules(self.schedules),
        }

    def first_steps(self, nginx: Nginx) -> Fired:
        """What became of the first steps of what the schedules started."""
        owner = schedules_of_instances()
        first = [(owner[one], at) for one, at in arrivals_by_instance(nginx) if one in owner]
        return Fired.of(self.schedules, since(self.at, first))


def _wait_for(nginx: Nginx, arrivals: int, seconds: float) -> None:
    """Until so many have come; if they do not, that is what the table says."""
    with suppress(AssertionError):
        wait_until(lambda: len(nginx.arrivals()) >= arrivals, seconds=seconds, every=0.5)


def since(due: datetime, arrivals: list[tuple[int, float]]) -> list[tuple[int, float]]:
    """With seconds after the time that was due in place of the arrivals' own."""
    return [(what, at - due.timestamp()) for what, at in arrivals]


def idle(folder: Path, nginx: Nginx, options: Options) -> None:
    """One thing at a time, at no particular moment of a second."""
    table = Table("Idle: one at a time", *COLUMNS)
    dice = random.Random(7)
    for database in options.databases:
        with stack_with_templates(folder / database, database, nginx, schedulers=1):
            for what, plan in (
                ("a delayed step, sent", delay_steps),
                ("a schedule, first step sent", plan_schedules),
            ):
                starts: list[tuple[int, float]] = []
                for number in range(options.singles):
                    nginx.forget()
                    due = clock.now() + timedelta(seconds=dice.uniform(1.5, 3))
                    plan(1, due)
                    arrived = wait_until(nginx.arrivals, every=0.02, why="it should arrive")
                    starts += [(number, at - due.timestamp()) for at, _ in arrived]
                fired = Fired.of(range(options.singles), starts)
                table.row(database, what, *cells(fired, is_above_the_aims))


def is_above_the_aims(fired: Fired) -> bool:
    return percentile(fired.late, 0.5) > IDLE_P50 or percentile(fired.late, 0.95) > IDLE_P95


def kills(folder: Path, _nginx: Nginx, options: Options) -> None:
    """Schedulers die between writing fires and committing them."""
    columns = ("database", "kills before commit", "after commit", "due", "missing", "twice")
    table = Table("Schedulers killed while they fire", *columns)
    for database in options.databases:
        with laboratory(folder / database, database) as lab:
            ticks = Ticks(lab, options.kills)
            fired = ticks.run()
        before = ticks.deaths[BEFORE_FIRE]
        after = ticks.deaths.total() - before
        table.row(database, before, after, fired.due, fired.missing, fired.twice)


EXPERIMENTS: dict[str, Callable[[Path, Nginx, Options], None]] = {
    each.__name__: each for each in (burst, idle, kills)
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="+", choices=EXPERIMENTS, default=list(EXPERIMENTS))
    parser.add_argument("--databases", nargs="+", default=["sqlite", "postgresql"])
    parser.add_argument("--steps", type=int, default=10_000, help="delayed steps")
    parser.add_argument("--schedules", type=int, default=2000)
    parser.add_argument("--lead", type=float, default=180, help="seconds to make them all in")
    parser.add_argument("--singles", type=int, default=40)
    parser.add_argument("--kills", type=int, default=100)
    options = parser.parse_args()
    logging.getLogger("app.bells").setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory(prefix="runsheet-schedules-") as name:
        folder = Path(name)
        with receiving(folder / "nginx") as nginx:
            for only in options.only:
                EXPERIMENTS[only](folder / only, nginx, options)
    print(f"\n{Table.faults or 'nothing'} missing, twice, early or late")
    return 1 if Table.faults else 0


if __name__ == "__main__":
    sys.exit(main())
