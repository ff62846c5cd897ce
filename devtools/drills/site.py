"""The environment of a drill: a running bin/dev, asked by API and pages as an operator would, and
hurt by its process table."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

import psutil
import requests
from prometheus_client.parser import text_string_to_metric_families

from app.config import NAMES, SECRET, Settings, read_env_file

if TYPE_CHECKING:
    from devtools.postgres_server import PostgresServer

# What must be of bin/dev's own making, so that nothing is hurt that somebody needs, and nobody is
# told of it: whatever may hold a password or a key opens something.
OURS = SECRET | {"SMS_ACCOUNT", "SMS_API_BASE", "SMS_FROM"}
PATIENCE = 90.0  # seconds; a fault is seen within 20, on a machine that is busy later
SECONDS_PER_REQUEST = 15.0


class NotADevEnvironment(Exception):
    """Drills break things; this is not a place for them."""


class DrillFailed(Exception):
    """What should have been seen was not."""


@dataclass
class Site:
    """One bin/dev that runs on `var`. Made by `running_on`."""

    var: Path
    console: str
    receiver: str
    environ: Mapping[str, str] = field(repr=False)  # what it was given beside dev.env
    token: str = field(default="", repr=False)
    link: str = field(default="", repr=False)
    database: PostgresServer | None = None  # if it is a PostgreSQL that may be stopped
    _visitor: requests.Session | None = None

    @property
    def settings(self) -> Settings:
        """Those of its processes."""
        # Nothing of this terminal's environment: it may name another database.
        return Settings.load({**self.environ, "RUNSHEET_VAR": str(self.var)})

    def ask(self, method: str, path: str, body: Any = None) -> requests.Response:
        """The API's answer, whatever it is."""
        headers = {"Authorization": f"Bearer {self.token}"}
        url = f"{self.console}/api/workflows{path}"
        return requests.request(
            method, url, json=body, headers=headers, timeout=SECONDS_PER_REQUEST
        )

    def api(self, method: str, path: str, body: Any = None) -> Any:
        """What the API gives. Raises DrillFailed if it refuses."""
        answer = self.ask(method, path, body)
        if not answer.ok:
            raise DrillFailed(f"{method} {path} was answered {answer.status_code}: {answer.text}")
        return answer.json() if answer.content else None

    def page(self, path: str) -> str:
        """A page as a signed-in admin has it, whatever its status."""
        if self._visitor is None:
            self._visitor = requests.Session()
            self._visitor.get(self.link, timeout=SECONDS_PER_REQUEST)
        return self._visitor.get(f"{self.console}{path}", timeout=SECONDS_PER_REQUEST).text

    def ready(self) -> dict[str, Any]:
        """The body of /readyz."""
        return requests.get(f"{self.console}/readyz", timeout=SECONDS_PER_REQUEST).json()

    def status(self, path: str) -> int:
        """How a path without a token is answered; 0: not at all."""
        try:
            return requests.get(f"{self.console}{path}", timeout=SECONDS_PER_REQUEST).status_code
        except requests.ConnectionError:
            return 0

    def metric(self, name: str, labels: dict[str, str]) -> float:
        """The sum of the samples of a metric that have these labels."""
        answer = requests.get(f"{self.console}/metrics", timeout=SECONDS_PER_REQUEST)
        answer.raise_for_status()
        return sum(
            sample.value
            for family in text_string_to_metric_families(answer.text)
            for sample in family.samples
            if sample.name == name and labels.items() <= sample.labels.items()
        )

    def workers(self, kind: str, queue: str | None) -> list[dict[str, Any]]:
        """The processes of a kind that live."""
        found = self.api("GET", "/workers")["items"]
        return [w for w in found if w["alive"] and (w["kind"], w["queue"]) == (kind, queue)]

    def hold(self, *names: str) -> None:
        """Stop processes in good order (SIGTERM), and keep them down."""
        for name in names:
            (self.var / "hold" / name).touch()

    def let_go(self, *names: str) -> None:
        """Start processes again; without names, all that are held."""
        for path in (self.var / "hold").iterdir():
            if not names or path.name in names:
                path.unlink()

    def kill(self, pid: int) -> None:
        """SIGKILL: nothing is tidied up."""
        os.kill(pid, signal.SIGKILL)

    def answer_with(self, mode: str, prefix: str) -> None:
        """How the demo receiver answers below a path; `default` undoes it."""
        where = f"{self.receiver}/_mode"
        requests.post(where, json={"mode": mode, "prefix": prefix}, timeout=10).raise_for_status()

    def received(self, prefix: str = "/", after: int = 0) -> list[dict[str, Any]]:
        """What the demo receiver got below a path after its so-manieth, newest first."""
        where = f"{self.receiver}/_requests?after={after}"
        found = requests.get(where, timeout=10).json()
        return [got for got in found if got["path"].startswith(prefix)]


def running_on(var: Path, *, private: bool = False) -> Site:
    """The bin/dev that runs on `var`. Raises NotADevEnvironment for anything else, and for one
    whose database, mail server or the like was given to it: it may be somebody's own."""
    if not _is_locked(var / "dev.lock"):
        raise NotADevEnvironment(f"No bin/dev runs on {var}. Drills are for bin/dev alone.")
    try:
        facts = json.loads((var / "running.json").read_text())
        given = _given(var, facts["made"])
    except (FileNotFoundError, psutil.NoSuchProcess):
        raise NotADevEnvironment(f"The bin/dev on {var} is not ready yet.") from None
    if (theirs := OURS & given.keys()) and not private:
        raise NotADevEnvironment(
            f"The bin/dev on {var} was given its {' and '.join(sorted(theirs))}: whatever is there "
            "may be needed, and whoever is reached by it is real. Drills run where bin/dev made "
            "its own."
        )
    return Site(var, facts["console"], facts["receiver"], given)


def _given(var: Path, made: Collection[str]) -> dict[str, str]:
    """The settings that a bin/dev did not make: of its terminal, or written into its file."""
    there = psutil.Process(int((var / "dev.lock").read_text())).environ()
    values = read_env_file(var / "dev.env") | {n: text for n, text in there.items() if text}
    return {name: text for name, text in values.items() if name in NAMES and name not in made}


def _is_locked(lock: Path) -> bool:
    """Whether a bin/dev that lives holds this lock."""
    try:
        with lock.open("r+") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def wait_until(true: Callable[[], Any], what: str, seconds: float = PATIENCE) -> float:
    """Ask until it is so; returns how long that took. While nobody answers, it is not."""
    began, pause, last = monotonic(), threading.Event(), ""
    while monotonic() - began < seconds:
        try:
            if true():
                return monotonic() - began
        except (requests.RequestException, DrillFailed) as error:
            last = f" ({error})"
        pause.wait(0.2)
    raise DrillFailed(f"not within {seconds:g} s: {what}{last}")
