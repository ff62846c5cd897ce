"""Live streams under the real server: they flow, and end as soon as it is told to end."""

import http.client
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest

from app.config import Settings
from devtools.ports import free_port
from tests.api.conftest import Caller
from tests.api.test_main_story import publish, start
from tests.conftest import environment
from tests.support.waiting import wait_until

ROOT = Path(__file__).parents[2]


class Server:
    """gunicorn as the Procfile starts it, on a database of ours."""

    def __init__(self, settings: Settings) -> None:
        self.port = free_port()
        environ = environment(DATABASE_URL=settings.database_url, PORT=str(self.port))
        command = [sys.executable, "-m", "gunicorn", "--config", "gunicorn.conf.py"]
        self.process = subprocess.Popen(
            [*command, "app:create_app()"], cwd=ROOT, env=os.environ | environ
        )

    def wait_until_up(self) -> None:
        wait_until(self._is_up, seconds=120, why="gunicorn should be up")

    def _is_up(self) -> bool:
        with suppress(OSError), self.ask("/healthz") as answer:
            return answer.status == 200
        return False

    @contextmanager
    def ask(self, path: str, token: str = "none") -> Iterator[http.client.HTTPResponse]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        with closing(connection):
            connection.request("GET", path, headers={"Authorization": f"Bearer {token}"})
            with connection.getresponse() as answer:
                yield answer


@pytest.fixture
def server(settings: Settings) -> Iterator[Server]:
    server = Server(settings)
    try:
        server.wait_until_up()
        yield server
    finally:
        server.process.terminate()
        server.process.wait(30)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_open_stream_does_not_hold_the_server_up(server: Server, admin: Caller, number):
    publish(admin)
    instance_id = start(admin)["id"]
    path = f"/api/workflows/instances/{instance_id}/events/stream"
    with server.ask(path, admin.token or "") as stream:
        lines = [stream.readline() for _ in range(10)]
        assert lines.count(b"event: event\n") == 2

        admin.post(f"/instances/{instance_id}/pause")  # by another process: this one
        assert b"id: 3\n" in [stream.readline() for _ in range(4)]

        server.process.send_signal(number)
        # To its last chunk: a stream that is cut off when gunicorn's patience ends raises here.
        stream.read()
        assert server.process.wait(60) == 0
