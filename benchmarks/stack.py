"""The whole stack as the Procfile starts it: web, workers, schedulers, Redis, a database."""

import os
import shlex
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import requests
from sqlalchemy import create_engine, text

from app.config import Settings
from devtools.ports import free_port
from tests.conftest import environment
from tests.support.processes import BIN, ROOT, Process
from tests.support.servers import postgres, private_redis
from tests.support.waiting import wait_until

QUIET = {"GUNICORN_CMD_ARGS": "--bind 127.0.0.1:{port}", "OUTBOUND_ALLOW": "127.0.0.1"}


@dataclass
class Stack:
    """A running system and a client with an admin's token."""

    database_url: str
    redis_url: str
    environ: dict[str, str]
    api: str
    client: requests.Session
    workers: list[Process] = field(default_factory=list[Process])
    others: list[Process] = field(default_factory=list[Process])

    def post(self, path: str, body: Any = None) -> Any:
        answer = self.client.post(f"{self.api}{path}", json=body or {})
        answer.raise_for_status()
        return answer.json()

    def publish(self, template: dict[str, Any]) -> None:
        made = self.post("/templates", template)
        self.post(f"/templates/{made['id']}/publish")

    def start(self, key: str, count: int) -> None:
        for first in range(0, count, 1000):
            items = [{"templateKey": key}] * min(1000, count - first)
            self.post("/instances/bulk", {"items": items})

    def ask(self, query: str) -> Any:
        """The one value of a query."""
        engine = create_engine(self.database_url)
        try:
            with engine.connect() as connection:
                return connection.execute(text(query)).scalar_one()
        finally:
            engine.dispose()

    def hold_workers(self) -> None:
        for worker in self.workers:
            worker.signal(signal.SIGSTOP)

    def let_workers_go(self) -> None:
        for worker in self.workers:
            worker.signal(signal.SIGCONT)

    def memory(self) -> tuple[float, float]:
        """MB of web, workers, scheduler and Redis now: shared pages counted once (PSS), and as
        often as they are mapped (RSS)."""
        pss = rss = 0
        for process in self._all():
            try:
                info = process.memory_full_info()
            except psutil.Error:
                continue
            pss, rss = pss + info.pss, rss + info.rss
        return pss / 2**20, rss / 2**20

    def cpu_seconds(self) -> float:
        """What web, workers, schedulers and Redis have used so far."""
        used = 0.0
        for process in self._all():
            with suppress(psutil.Error):
                times = process.cpu_times()
                used += times.user + times.system
        return used

    def _all(self) -> Iterator[psutil.Process]:
        for process in [*self.workers, *self.others]:
            main = psutil.Process(process.pid)
            yield from (main, *main.children(recursive=True))
        port = int(self.redis_url.rsplit(":", 1)[1].split("/")[0])
        for process in psutil.Process().children():
            if "redis-server" in process.name() and str(port) in " ".join(process.cmdline()):
                yield process


@contextmanager
def running(folder: Path, database: str, workers: int = 2, schedulers: int = 1) -> Iterator[Stack]:
    """The stack on `sqlite` or `postgresql` for the length of a block."""
    folder.mkdir(parents=True)
    with ExitStack() as stack:
        url = f"sqlite:///{folder / 'bench.db'}"
        if database == "postgresql":
            url = stack.enter_context(postgres(folder / "postgres"))
        redis_url = stack.enter_context(private_redis(folder / "redis"))
        port = free_port()
        environ = os.environ | environment(
            DATABASE_URL=url, REDIS_URL=redis_url, PORT=str(port), RUNSHEET_VAR=str(folder)
        )
        environ |= {name: value.format(port=port) for name, value in QUIET.items()}
        environ["PATH"] = f"{BIN}:{environ['PATH']}"
        _flask(environ, "db", "upgrade")
        token = _flask(environ, "tokens", "create", "--role", "admin", "--name", "bench")
        client = requests.Session()
        client.headers["Authorization"] = f"Bearer {token}"
        found = Stack(
            Settings.load(environ).database_url,
            redis_url,
            environ,
            f"http://127.0.0.1:{port}/api/workflows",
            client,
        )
        stack.callback(lambda: [p.end() for p in [*found.workers, *found.others]])
        _start(found, folder, workers, schedulers)
        yield found


def _start(found: Stack, folder: Path, workers: int, schedulers: int) -> None:
    lines = dict(
        line.split(": ", 1) for line in (ROOT / "Procfile").read_text().splitlines() if line
    )
    log = folder / "processes.log"
    for name in ("web", *["scheduler"] * schedulers):
        found.others.append(Process(shlex.split(lines[name]), found.environ, log))
    for _ in range(workers):
        found.workers.append(Process(shlex.split(lines["worker"]), found.environ, log))
    wait_until(
        lambda: found.ask("SELECT count(*) FROM worker_processes") == workers + schedulers,
        seconds=60,
        why=f"all processes should be up; see {log}",
    )
    wait_until(lambda: _ready(found), seconds=30, why="the web process should answer")


def _ready(found: Stack) -> bool:
    try:
        return found.client.get(f"{found.api}/templates").ok
    except requests.ConnectionError:
        return False


def _flask(environ: dict[str, str], *arguments: str) -> str:
    command = [str(BIN / "flask"), "--app", "app", *arguments]
    done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stdout + done.stderr)
    return done.stdout.strip()
