"""A process that has imported what all our processes import, and forks them: `python -m
tests.support.forge <file descriptor>`. See `warm.py`, which starts it and asks it.

What is forked is then as if it had been started by its command: an own session, environment and
output; no thread, connection or application of anybody else. Only the imports, which take seconds
of a processor's time and are most of what many tests would take, were done before.
"""

import gc
import json
import os
import socket
import sys
from collections.abc import Callable
from typing import Any

# The workers' alone: a web process imports the doors itself, so that no worker finds them there.
import psycopg  # noqa: F401
import sqlalchemy.dialects.postgresql.psycopg
import sqlalchemy.dialects.sqlite  # noqa: F401
from rq.cli.cli import main as main_of_rq

import workers.tasks
import workers.worker  # noqa: F401
from app import clock
from workers import failpoints, scheduler

LARGEST = 1 << 20  # bytes of a wish: an environment, above all


def serve_web() -> None:
    from gunicorn.app import wsgiapp

    wsgiapp.run()


PROGRAMS: dict[str, Callable[[], Any]] = {
    "rq": main_of_rq,
    "workers.scheduler": scheduler.main,
    "gunicorn": serve_web,
}


def main() -> None:
    gc.collect()
    gc.freeze()
    wish = serve(socket.socket(fileno=int(sys.argv[1])))
    if wish:
        become(wish)
        sys.exit(PROGRAMS[wish["program"]]())


def serve(asked: socket.socket) -> dict[str, Any] | None:
    """Fork a process for each wish, and tell its pid; returns the wish in the process that is to
    fulfil it, and None in this one, when nobody asks any more."""
    asked.send(b"ready")
    while said := asked.recv(LARGEST):
        between = os.fork()
        if between:
            os.waitpid(between, 0)
            continue
        # The one between ends at once, so that the new process is a child of whoever asked.
        mine = os.getpid()
        if os.fork():
            os._exit(0)
        while os.getppid() == mine:
            os.sched_yield()
        asked.send(str(os.getpid()).encode())
        asked.close()
        return json.loads(said)
    return None


def become(wish: dict[str, Any]) -> None:
    """Have all that a process gets from whoever starts it."""
    os.setsid()
    os.chdir(wish["cwd"])
    nothing = os.open(os.devnull, os.O_RDONLY)
    log = os.open(wish["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    for ours, here in ((nothing, 0), (log, 1), (log, 2)):
        os.dup2(ours, here)
    os.closerange(3, max(nothing, log) + 1)
    os.environ.clear()
    os.environ.update(wish["environ"])
    sys.argv[:] = wish["argv"]
    # What was read from the environment when it was imported.
    clock._wrong_by = clock.wrong_by(os.environ)
    failpoints._armed = failpoints.armed_by(os.environ)


if __name__ == "__main__":
    main()
