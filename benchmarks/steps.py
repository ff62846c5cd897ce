"""How many steps a second, how soon, in how much memory: `bin/bench steps`.

Runsheet, as its Procfile starts it (two workers, SQLite with synchronous=FULL or PostgreSQL with
fsync, the address guard and all records on), posts to nginx. In the same run, in turn, the same
posts are made by a bare `requests` loop and by RQ alone, since only ratios mean anything on a
machine that others use too.
"""

import argparse
import statistics
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.clock import monotonic
from benchmarks import rivals
from benchmarks.nginx import Nginx, receiving
from benchmarks.stack import Stack, running
from tests.support.waiting import wait_until


def template(key: str, url: str, *shape: tuple[str, list[str]]) -> dict[str, Any]:
    """A template of webhook steps: (key, what it depends on)."""
    steps = [
        {
            "key": step,
            "name": step,
            "actionType": "AUTOMATION_WEBHOOK",
            "dependsOn": depends_on,
            "actionConfig": {"url": f"{url}/{key}/{step}", "body": {"id": "{{ instance.id }}"}},
        }
        for step, depends_on in shape
    ]
    return {"key": key, "name": key, "steps": steps}


def templates(url: str) -> list[dict[str, Any]]:
    fan = [("b", ["a"]), ("c", ["a"]), ("d", ["a"])]
    return [
        template("one", url, ("a", [])),
        template("five", url, ("a", []), *fan, ("e", ["b", "c", "d"])),
    ]


@dataclass
class Round:
    """What one measurement gave."""

    steps: int
    seconds: float
    lost: int
    repeats: int
    attempts: int
    events: int

    @property
    def rate(self) -> float:
        return self.steps / self.seconds


def measure(stack: Stack, nginx: Nginx, key: str, instances: int, steps_each: int) -> Round:
    """Start instances while the workers are held, let them go, wait until all is COMPLETED."""
    before = stack.ask("SELECT count(*) FROM automation_execution_log")
    events = stack.ask("SELECT count(*) FROM events")
    nginx.forget()
    stack.hold_workers()
    stack.start(key, instances)
    began = monotonic()
    stack.let_workers_go()
    wait_until(lambda: not left(stack), seconds=300, every=0.02, why="all should complete")
    seconds = monotonic() - began
    arrivals = len(nginx.arrivals())
    steps = instances * steps_each
    return Round(
        steps,
        seconds,
        lost=max(steps - (arrivals - nginx.repeats()), 0),
        repeats=nginx.repeats(),
        attempts=stack.ask("SELECT count(*) FROM automation_execution_log") - before,
        events=stack.ask("SELECT count(*) FROM events") - events,
    )


def left(stack: Stack) -> int:
    return stack.ask(
        "SELECT count(*) FROM (SELECT 1 FROM workflow_instances WHERE state <> 'COMPLETED' LIMIT 1)"
        " AS some_left"
    )


def latencies(stack: Stack, nginx: Nginx, count: int) -> list[float]:
    """Milliseconds from the start request being sent to its webhook having been answered by the
    receiver, one at a time on an idle system."""
    import time

    found: list[float] = []
    for _ in range(count):
        nginx.forget()
        sent = time.time()
        stack.post("/instances", {"templateKey": "one"})
        ((arrived, _),) = wait_until(nginx.arrivals, every=0.01, why="the webhook should arrive")
        found.append((arrived - sent) * 1000)
        wait_until(lambda: not left(stack), every=0.02, why="the step should complete")
    return sorted(found)


def report(name: str, round_: Round, bare: float) -> None:
    print(
        f"{name:34} {round_.rate:8.0f} steps/s   ratio {round_.rate / bare:5.2f}   "
        f"lost {round_.lost}, repeated {round_.repeats}, "
        f"attempt rows {round_.attempts}, event rows {round_.events}",
        flush=True,
    )


def run(database: str, folder: Path, nginx: Nginx, options: argparse.Namespace) -> None:
    print(f"\n{database}", flush=True)
    ratios: dict[str, list[float]] = {"one": [], "five": []}
    with running(folder / database, database) as stack:
        for document in templates(nginx.url):
            stack.publish(document)
        found = latencies(stack, nginx, options.latencies)
        peak_pss = peak_rss = 0.0
        for _ in range(options.rounds):
            for key, instances, each in (("one", options.n, 1), ("five", options.n // 5, 5)):
                bare = rivals.bare_loop(nginx, options.n // 2)
                done = measure(stack, nginx, key, instances, each)
                bare = statistics.mean((bare, rivals.bare_loop(nginx, options.n // 2)))
                report(f"  {key}: {instances} instances", done, bare)
                ratios[key].append(done.rate / bare)
                pss, rss = stack.memory()
                peak_pss, peak_rss = max(peak_pss, pss), max(peak_rss, rss)
        for key, values in ratios.items():
            print(f"  {key}: median ratio to the bare loop {statistics.median(values):.2f}")
        print(
            f"  idle, start to arrival: p50 {found[len(found) // 2]:.1f} ms, "
            f"p95 {found[int(len(found) * 0.95)]:.1f} ms ({len(found)} starts)"
        )
        print(f"  memory after load: {peak_pss:.0f} MB PSS, {peak_rss:.0f} MB RSS", flush=True)
        if database == "sqlite":
            compare_with_rq(stack, nginx, options)


def compare_with_rq(stack: Stack, nginx: Nginx, options: argparse.Namespace) -> None:
    print("\nRQ alone, no records", flush=True)
    for name, kind, workers, count in (
        ("two SimpleWorkers", "rq.worker.SimpleWorker", 2, options.n // 2),
        ("default rq worker", "rq.worker.Worker", 1, max(options.n // 50, 20)),
    ):
        bare = rivals.bare_loop(nginx, options.n // 2)
        rate = rivals.rq_workers(nginx, stack.redis_url, stack.environ, count, kind, workers)
        print(f"  {name:32} {rate:8.0f} posts/s   ratio {rate / bare:5.2f}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-n", type=int, default=2000, help="steps per round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--latencies", type=int, default=40)
    parser.add_argument("--databases", nargs="+", default=["sqlite", "postgresql"])
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, receiving(Path(name) / "nginx") as nginx:
        for database in options.databases:
            run(database, Path(name), nginx, options)


if __name__ == "__main__":
    main()
