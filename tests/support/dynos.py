"""A platform as Heroku is one: it runs the Procfile's own lines through a shell, in a checkout of
its own, with nothing but the settings that a deployment is given."""

import os
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import requests

from app.clock import monotonic
from devtools import procfile
from devtools.ports import free_port
from tests.support.processes import BIN, ROOT
from tests.support.waiting import wait_until

PATIENCE = 30.0  # seconds for one answer


def deployed() -> list[Path]:
    """What goes into the image, as .dockerignore says: no state, no tests, no tools."""
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    patterns = [line.removeprefix("!") for line in lines if line.startswith("!")]
    return [path for pattern in patterns for path in sorted(ROOT.glob(pattern))]


class Dyno:
    """One line of the Procfile, with whatever processes it has started."""

    def __init__(self, line: str, environ: Mapping[str, str], slug: Path, log: Path) -> None:
        with log.open("ab") as out:
            self.popen = subprocess.Popen(
                ["sh", "-c", f"exec {line}"],
                cwd=slug,
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )

    def signal(self, number: int = signal.SIGTERM) -> None:
        """To every process of it, as platforms do."""
        with suppress(ProcessLookupError):
            os.killpg(self.popen.pid, number)

    def end(self) -> None:
        self.signal(signal.SIGKILL)
        self.popen.wait()


class Platform:
    """Runs a checkout with a deployment's settings."""

    def __init__(self, folder: Path, settings: Mapping[str, str]) -> None:
        self.slug, self.log = folder / "slug", folder / "dynos.log"
        self.slug.mkdir()
        for path in deployed():
            (self.slug / path.name).symlink_to(path)
        self.lines = procfile.read(self.slug / "Procfile")
        self.environ = {"PATH": f"{BIN}:/usr/local/bin:/usr/bin:/bin", **settings}

    def run(self, command: str, given: str = "", **more: str) -> str:
        """A one-off dyno; what it printed."""
        done = subprocess.run(
            ["sh", "-c", command],
            cwd=self.slug,
            env={**self.environ, **more},
            input=given,
            capture_output=True,
            text=True,
            timeout=180,
            start_new_session=True,  # a password is read from `given`, not from our terminal
            check=False,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        return done.stdout

    def start(self, name: str, **more: str) -> Dyno:
        return Dyno(self.lines[name], {**self.environ, **more}, self.slug, self.log)


class Release:
    """All processes of the Procfile but `release`, and a program that talks to their API."""

    def __init__(self, platform: Platform, token: str, **more: str) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.headers = {"Authorization": f"Bearer {token}"}
        # The Procfile's web process listens to everybody; here nobody else is to reach it.
        here = {"PORT": str(port), "GUNICORN_CMD_ARGS": f"--bind 127.0.0.1:{port}"}
        names = [name for name in platform.lines if name != procfile.RELEASE]
        self.dynos = {name: platform.start(name, **here, **more) for name in names}

    def wait_until_ready(self, each: int = 1) -> None:
        """Until it answers and so many of each kind of process have said that they are alive."""
        wait_until(lambda: self.is_ready(each), seconds=120, every=0.2, why="it should be ready")

    def is_ready(self, each: int = 1) -> bool:
        with suppress(requests.ConnectionError, requests.ReadTimeout):
            answer = requests.get(f"{self.url}/readyz", timeout=PATIENCE)
            checks = answer.json()["checks"]
            kinds = ("worker", "notifier", "scheduler")
            return answer.ok and all(checks[kind]["count"] >= each for kind in kinds)
        return False

    def call(self, method: str, path: str, body: Any = None) -> requests.Response:
        url = f"{self.url}/api/workflows{path}"
        return requests.request(method, url, json=body, headers=self.headers, timeout=PATIENCE)

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """The document of an answer that must be a good one."""
        answer = self.call(method, path, body)
        assert answer.ok, answer.text
        return answer.json()

    def stop(self, times: int = 3) -> None:
        """SIGTERM to every process at once, more than once."""
        for _ in range(times):
            for dyno in self.dynos.values():
                dyno.signal()

    def wait_until_ended(self, seconds: float) -> dict[str, int]:
        """The exit codes of all lines; fails if one has not ended in time."""
        until = monotonic() + seconds
        return {
            name: dyno.popen.wait(max(until - monotonic(), 0.1))
            for name, dyno in self.dynos.items()
        }

    def end(self) -> None:
        for dyno in self.dynos.values():
            dyno.end()


@contextmanager
def release(platform: Platform, token: str, each: int = 1, **more: str) -> Iterator[Release]:
    """A release for the length of a block; it is up when the block begins, and `each` of every kind
    of process with those of other releases."""
    found = Release(platform, token, **more)
    try:
        found.wait_until_ready(each)
        yield found
    except BaseException:
        with suppress(OSError):
            print(platform.log.read_text()[-8000:])
        raise
    finally:
        found.end()
