"""`bin/dev` on this machine, as a person runs it: real processes, from the start to Ctrl-C."""

import json
import re
import signal
import socket
import subprocess
import urllib.request
from pathlib import Path

import psutil
import pytest

from tests.support.bin_dev import ROOT, Dev, environ_of_a_person, flask

pytestmark = pytest.mark.xdist_group("bin-dev")


@pytest.fixture(scope="module")
def dev(tmp_path_factory):
    """One that runs, for all who only look at it or knock at it."""
    dev = Dev(environ_of_a_person(tmp_path_factory.mktemp("shared") / "var"))
    yield dev
    dev.end()


@pytest.fixture
def environ(tmp_path):
    return environ_of_a_person(tmp_path / "var")


@pytest.fixture
def start(environ):
    started = []

    def start():
        started.append(Dev(environ))
        return started[-1]

    yield start
    for dev in started:
        dev.end()


@pytest.fixture
def refused(environ):
    """Run a bin/dev that cannot start; the one line that it ends with."""

    def refused(**more):
        run = subprocess.run(
            ["bin/dev"], cwd=ROOT, env=environ | more, capture_output=True, text=True, timeout=300
        )
        assert run.returncode != 0
        assert "Traceback" not in run.stdout + run.stderr
        (line,) = run.stderr.splitlines()
        return line

    return refused


def test_it_starts_everything_and_says_where(dev):
    dev.until("Ctrl-C ends everything")
    assert dev.get(f"{dev.url}/readyz")[0] == 200
    for label in ("Console", "Signed in, once", "Sign in", "Demo receiver", "Caught mail"):
        assert label in dev.text
    receiver = re.search(r"Demo receiver +(\S+)", dev.text)
    assert receiver
    assert dev.get(f"{receiver[1]}/_requests")[0] == 200


def test_two_of_them_do_not_share_a_place(dev, refused):
    dev.until("Starting redis")
    assert "bin/dev already runs on" in refused(**dev.environ)


def test_other_programs_find_the_same_database_and_redis(dev):
    dev.until("Ctrl-C ends everything")
    token = flask(dev.environ, "tokens", "create", "--role", "admin", "--name", "t")
    request = urllib.request.Request(
        f"{dev.url}/api/workflows/templates", headers={"Authorization": f"Bearer {token}"}
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        assert json.load(answer)["items"]


def test_a_process_that_is_killed_comes_back(dev):
    dev.until("Ctrl-C ends everything")
    children = psutil.Process(dev.process.pid).children()
    scheduler = next(c for c in children if "workers.scheduler" in c.cmdline())
    scheduler.kill()
    dev.until("ended (signal SIGKILL); starting again")


def test_it_ends_without_a_trace_and_a_second_start_makes_nothing_anew(start):
    first = start()
    first.until("Ctrl-C ends everything")
    kept = Path(first.var, "dev.env").read_text(), first.orders()
    took, left = first.stop()
    assert left == []
    assert took < 30  # what is promised, and kept by killing whoever needs longer
    assert first.process.returncode == 0

    second = start()
    second.until("Ctrl-C ends everything")
    assert "Installing" not in second.text
    assert (Path(second.var, "dev.env").read_text(), second.orders()) == kept
    assert second.stop(signal.SIGKILL)[1] == []  # kill -9 leaves nothing behind either


@pytest.mark.parametrize("offset", [0, 1, 2])
def test_a_busy_port_is_named_with_the_way_out(refused, environ, offset):
    port = int(environ["PORT"]) + offset
    with socket.create_server(("127.0.0.1", port)):
        line = refused()
    assert f"port {port} " in line
    assert "PORT=" in line


def test_a_place_that_cannot_be_written_is_named(refused, tmp_path):
    (tmp_path / "file").write_text("")
    line = refused(RUNSHEET_VAR=str(tmp_path / "file"))
    assert str(tmp_path / "file") in line
    assert "RUNSHEET_VAR" in line


@pytest.mark.parametrize(
    "url",
    [
        "nonsense",
        "mysql://u:hush@127.0.0.1/x",
        "postgresql://u:hush@127.0.0.1:1/x",
        "postgresql://u:hush@no-such-host.invalid/x",
        "sqlite:////no/such/folder/x.db",
    ],
)
def test_a_wrong_database_address_ends_with_one_clear_line(refused, url):
    line = refused(DATABASE_URL=url)
    assert "DATABASE_URL" in line
    assert "hush" not in line


def test_a_wrong_redis_address_ends_with_one_clear_line(refused):
    line = refused(REDIS_URL="redis://:hush@127.0.0.1:1/0")
    assert "REDIS_URL" in line
    assert "hush" not in line


@pytest.mark.parametrize("port", ["http", "0", "99999"])
def test_a_port_that_is_none_is_refused(refused, port):
    assert "PORT must be a whole number" in refused(PORT=port)
