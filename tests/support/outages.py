"""Servers that can be taken away and brought back, in the same place."""

import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis

from devtools import redis_server
from devtools.ports import free_port
from devtools.postgres_server import PostgresServer
from tests.support import memory
from tests.support.servers import wait_until_redis_answers


class RedisServer:
    """A Redis that can be killed and started again, empty or with an old dump."""

    def __init__(self, folder: Path) -> None:
        self.url = f"redis://:runsheet@127.0.0.1:{free_port()}/0"
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self._dump, self._kept = folder / "dump.rdb", folder / "kept.rdb"

    def start(self, *, from_old_dump: bool = False) -> None:
        """With nothing in it, or with what `keep_dump` kept."""
        self._dump.unlink(missing_ok=True)
        if from_old_dump:
            shutil.copy(self._kept, self._dump)
        command = redis_server.command(self.url, self._folder)
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        wait_until_redis_answers(self.url)

    def stop(self) -> None:
        """SIGKILL."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """It stops where it is for the length of a block: connections open and say nothing."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._process.send_signal(signal.SIGCONT)

    def keep_dump(self) -> None:
        """Write down what is in it now."""
        with self.client() as client:
            client.save()
        shutil.copy(self._dump, self._kept)

    def client(self) -> redis.Redis:
        return redis.Redis.from_url(self.url)


@contextmanager
def redis_that_can_go(folder: Path) -> Iterator[RedisServer]:
    """A running Redis for the length of a block."""
    server = RedisServer(folder)
    server.start()
    try:
        yield server
    finally:
        server.stop()


@contextmanager
def postgres_that_can_go() -> Iterator[PostgresServer]:
    """A running PostgreSQL for the length of a block."""
    with tempfile.TemporaryDirectory(prefix="runsheet-postgres-", dir=memory.FOLDER) as folder:
        server = PostgresServer(Path(folder) / "data")
        try:
            yield server
        finally:
            server.end()
