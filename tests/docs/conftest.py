"""A copy of the checkout, as somebody has it who has just cloned it; `bin/dev` runs in it."""

import json
import os
import re
import shutil
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.docs.shell import Shell
from tests.support.bin_dev import ROOT, Dev, environ_of_a_person, flask
from tests.support.shells import path_of_a_person

PICTURES = os.environ.get("RUNSHEET_PICTURES", "")
METRICS_TOKEN = "what-prometheus-sends"
LEFT_OUT = (".git", ".venv", "var", "node_modules", "__pycache__", ".*_cache", "*.egg-info")
REPORT = {
    "key": "daily-report",
    "name": "Daily report",
    "inputSchema": {"type": "object", "properties": {"shop": {"type": "string"}}},
    "steps": [{"key": "read", "name": "Read it", "actionType": "MANUAL_TASK"}],
}
CALL = {
    "key": "wait-for-a-call",
    "name": "Wait for a call",
    "steps": [{"key": "wait", "name": "Wait", "actionType": "WAIT_CALLBACK"}],
}


@pytest.fixture(scope="session")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `git clone` makes, with what is not committed yet; with the packages of this one, since
    they take minutes (tests/devtools/test_bootstrap.py installs into an empty folder)."""
    copy = tmp_path_factory.mktemp("clone") / "runsheet"
    shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(*LEFT_OUT))
    (copy / ".venv").symlink_to(ROOT / ".venv")
    return copy


@pytest.fixture(scope="session")
def dev(checkout: Path) -> Iterator[Dev]:
    """All of Runsheet, started as the documents say."""
    environ = environ_of_a_person(checkout.parent / "var") | {"METRICS_TOKEN": METRICS_TOKEN}
    if PICTURES:  # they show what the document says
        environ["PORT"] = "8000"
    dev = Dev(environ, root=checkout)
    dev.until("Ctrl-C ends everything")
    yield dev
    dev.end()


class Program:
    """Speaks to the console's API as an admin."""

    def __init__(self, dev: Dev) -> None:
        self.api = f"{dev.url}/api/workflows"
        self.token = flask(dev.environ, "tokens", "create", "--role", "admin", "--name", "docs")

    def call(self, method: str, path: str, body: Any = None) -> Any:
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self.token}"}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.api + path, data, headers, method=method)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def publish(self, template: dict[str, Any]) -> None:
        number = self.call("POST", "/templates", template)["id"]
        self.call("POST", f"/templates/{number}/publish", {})

    def callback_url(self) -> str:
        """Of a step that waits for a call."""
        number = self.call("POST", "/instances", {"templateKey": CALL["key"]})["id"]
        (step,) = self.call("GET", f"/instances/{number}")["steps"]
        return step["callbackUrl"]


@pytest.fixture(scope="session")
def program(dev: Dev) -> Program:
    program = Program(dev)
    for template in (REPORT, CALL):
        program.publish(template)
    return program


@pytest.fixture(scope="session")
def shell(dev: Dev, program: Program) -> Shell:
    """Another terminal, beside `bin/dev`."""
    port = int(dev.environ["PORT"])
    receiver = re.search(r"Demo receiver +(\S+)", dev.text)
    assert receiver
    environ = dev.environ | {
        "PATH": path_of_a_person(),
        "RECEIVER": receiver[1],
        "CALLBACK_URL": program.callback_url(),
        "GIT_COMMIT": "0123456",
    }
    documented = {8000: port, 8001: port + 1, 8002: port + 2}
    given = {"API": program.api, "TOKEN": program.token}
    return Shell(Path(dev.root), environ, documented, given)


@pytest.fixture(scope="session")
def metrics(dev: Dev) -> set[str]:
    """The names of what the console tells Prometheus."""
    sent = {"Authorization": f"Bearer {METRICS_TOKEN}"}
    request = urllib.request.Request(f"{dev.url}/metrics", headers=sent)
    with urllib.request.urlopen(request, timeout=60) as answer:
        text = answer.read().decode()
    return set(re.findall(r"^# TYPE (\w+) ", text, re.M))
