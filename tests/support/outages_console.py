"""A whole console as its Procfile starts it, on a database and a Redis that are given."""

import os
import shlex
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import requests

from app import transaction
from app.domain import people
from devtools import procfile
from devtools.ports import free_port
from tests.support.processes import BIN, ROOT, Process
from tests.support.waiting import wait_until

PATIENCE = 20.0  # seconds after which a request that has no answer hangs


class Console:
    """Web, workers, notifier and scheduler, and a program that talks to its API."""

    def __init__(self, environ: Mapping[str, str], log: Path, workers: int = 2) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        path = f"{BIN}{os.pathsep}{os.environ['PATH']}"
        here = {"PORT": str(port), "PATH": path, "PYTHONPATH": str(ROOT)}
        here["GUNICORN_CMD_ARGS"] = f"--bind 127.0.0.1:{port}"  # nobody else is to reach it
        self._environ, self._log = {**environ, **here}, log
        self._lines = procfile.processes(ROOT / "Procfile", workers)
        self.processes = {name: self._start(name) for name in self._lines}
        with transaction.writing() as session:
            token = people.create_token(session, f"program-{port}", "admin")
        self._headers = {"Authorization": f"Bearer {token}"}

    def _start(self, name: str) -> Process:
        return Process(shlex.split(self._lines[name]), self._environ, self._log)

    def start_again(self, name: str) -> None:
        """A process that was killed."""
        self.processes[name] = self._start(name)

    def wait_until_up(self) -> None:
        def answers() -> bool:
            # gunicorn listens before it has loaded the application, which takes its time.
            with suppress(requests.ConnectionError, requests.ReadTimeout):
                return self.get("/healthz").ok and self.is_complete()
            return False

        wait_until(answers, seconds=120, every=0.2, why="the console should be up")

    def is_complete(self) -> bool:
        checks = self.get("/readyz").json()["checks"]
        return all(checks[name]["ok"] for name in ("worker", "notifier", "scheduler"))

    def get(self, path: str) -> requests.Response:
        """An answer within PATIENCE, whatever it is; no answer is a failure."""
        return requests.get(f"{self.url}{path}", headers=self._headers, timeout=PATIENCE)

    def start_instance(self, key: str = "order") -> requests.Response:
        body = {"templateKey": key}
        path = f"{self.url}/api/workflows/instances"
        return requests.post(path, json=body, headers=self._headers, timeout=PATIENCE)

    def lives(self) -> bool:
        """Whether every process that was started still runs."""
        return all(process.popen.poll() is None for process in self.processes.values())

    def signal(self, number: int = signal.SIGTERM) -> None:
        """To all processes at once, as platforms do."""
        for process in self.processes.values():
            process.signal(number)

    def end(self) -> None:
        for process in self.processes.values():
            process.end()


@contextmanager
def console(environ: Mapping[str, str], log: Path, workers: int = 2) -> Iterator[Console]:
    """A console for the length of a block; it is up when the block begins."""
    found = Console(environ, log, workers)
    try:
        found.wait_until_up()
        yield found
    finally:
        found.end()
