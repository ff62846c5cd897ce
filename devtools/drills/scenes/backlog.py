"""Work comes faster than one worker does it: a second one is started beside it."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

from app.config import read_env_file
from devtools import procfile
from devtools.drills.drill import FOLDER, Drill

ROOT = Path(__file__).resolve().parents[3]
WAITS = 'runsheet_oldest_due_seconds{queue="workflow-automation"} > 2'


def run(drill: Drill) -> None:
    site = drill.site
    before = site.workers("worker", "workflow-automation")
    key = drill.publish("busy", timeoutSeconds=20)
    drill.undo.callback(site.answer_with, "default", f"{FOLDER}/busy")
    drill.fault("a receiver is slow, and more comes than the worker's threads can carry")
    site.answer_with("slow", f"{FOLDER}/busy")
    orders = drill.begin(key, 2 * len(before) * site.settings.worker_threads + 4)
    drill.alert("RunsheetQueueBacklog", WAITS)
    busy = lambda: f'href="/instances/{running(drill)}/steps/post"' in site.page("/queues")  # noqa: E731
    drill.see("the page Queues says who is busy with what", busy)
    drill.cure(f"start a second worker beside {before[0]['pid']}")
    start_worker(drill)
    one_more = lambda: len(site.workers("worker", "workflow-automation")) > len(before)  # noqa: E731
    drill.over("one worker more listens", one_more)
    all_work = lambda: busy_workers(drill) > len(before)  # noqa: E731
    completed = drill.all_are("COMPLETED", orders)
    drill.over("all carry steps out, or nothing is left", lambda: all_work() or completed())
    site.answer_with("default", f"{FOLDER}/busy")
    drill.over("all is completed", completed)
    drill.silent("RunsheetQueueBacklog", WAITS)
    drill.once_each("busy", orders)


def running(drill: Drill) -> int:
    """An order that some worker is busy with."""
    found = drill.site.workers("worker", "workflow-automation")
    return next((one["instanceId"] for worker in found for one in worker["running"]), 0)


def busy_workers(drill: Drill) -> int:
    found = drill.site.workers("worker", "workflow-automation")
    return sum(bool(worker["running"]) for worker in found)


def start_worker(drill: Drill) -> None:
    """As the Procfile says, with the environment of the others; it ends with the drill."""
    site = drill.site
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    environ = os.environ | read_env_file(site.var / "dev.env") | {**site.environ}
    environ |= {"PATH": path, "RUNSHEET_VAR": str(site.var)}
    command = procfile.read(ROOT / "Procfile")["worker"]
    with (site.var / "drill.log").open("ab") as log:
        process = subprocess.Popen(
            shlex.split(command), cwd=ROOT, env=environ, stdout=log, stderr=log
        )
    drill.undo.callback(process.wait)
    drill.undo.callback(process.terminate)
