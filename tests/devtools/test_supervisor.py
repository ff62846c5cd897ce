"""The supervisor of bin/dev keeps processes running, and leaves none behind."""

import io
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from devtools.output import Output
from devtools.supervisor import Process, Stopped, Supervisor, alive
from tests.devtools.waiting import eventually

ROOT = Path(__file__).resolve().parents[2]

STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
    "print('up', flush=True); time.sleep(600)"
)
PARENT = (
    "import subprocess, sys, time; child = subprocess.Popen([sys.executable, '-c', sys.argv[1]]); "
    "print('child', child.pid, flush=True); time.sleep(600)"
)
# A supervisor of its own, to be killed; says the pid of what it started.
SUPERVISING = """
import sys
from pathlib import Path
from devtools.output import Output
from devtools.supervisor import Process, Supervisor
with Supervisor(Output(), Path.cwd()) as supervisor:
    sleeper = supervisor.start(Process("sleeper", ["sleep", "600"]))
    print("started", sleeper.popen.pid, flush=True)
    supervisor.watch()
"""


@pytest.fixture
def shown():
    return io.StringIO()


@pytest.fixture
def supervisor(shown):
    supervisor = Supervisor(Output(shown), ROOT, grace=1)
    yield supervisor
    supervisor.stop()


def python(name, code, *arguments):
    return Process(name, [sys.executable, "-u", "-c", code, *arguments], dict(os.environ))


def wait(supervisor, true):
    assert supervisor.wait_until(true, timeout=60)


def test_each_line_stands_behind_its_process_name(supervisor, shown):
    supervisor.start(python("web", "print('one'); print('two'); import time; time.sleep(600)"))
    wait(supervisor, lambda: "two" in shown.getvalue())
    assert shown.getvalue() == "web       | one\nweb       | two\n"


def test_a_process_that_ends_is_started_again_later_each_time(supervisor, shown):
    process = supervisor.start(python("worker", "raise SystemExit(3)"))
    wait(supervisor, lambda: process.failures >= 2)
    assert "ended (exit code 3); starting again in 0.5 s" in shown.getvalue()
    assert "starting again in 1 s" in shown.getvalue()


def test_a_process_that_is_held_rests_until_it_is_let_go(supervisor, tmp_path):
    supervisor.holds = tmp_path
    process = supervisor.start(Process("worker", ["sleep", "600"]))
    first = process.popen
    hold = tmp_path / "worker"
    hold.touch()
    wait(supervisor, lambda: not alive(process))
    assert not supervisor.wait_until(lambda: process.popen is not first, timeout=0.7)
    hold.unlink()
    wait(supervisor, lambda: alive(process))
    assert process.popen is not first


def test_the_others_go_on_when_one_ends(supervisor):
    steady = supervisor.start(Process("steady", ["sleep", "600"]))
    ending = supervisor.start(Process("ending", ["true"]))
    wait(supervisor, lambda: ending.failures >= 1)
    assert alive(steady)
    assert steady.failures == 0


def test_what_ignores_sigterm_is_killed_with_its_children(supervisor, shown):
    parent = supervisor.start(python("parent", PARENT, STUBBORN))
    wait(supervisor, lambda: "up" in shown.getvalue())
    child = psutil.Process(int(shown.getvalue().split("child ")[1].split()[0]))
    supervisor.stop()
    assert not alive(parent)
    assert eventually(lambda: gone(child))


def test_children_of_a_process_that_crashed_do_not_outlive_it(supervisor, shown):
    parent = supervisor.start(python("parent", PARENT, STUBBORN))
    wait(supervisor, lambda: "up" in shown.getvalue())
    child = psutil.Process(int(shown.getvalue().split("child ")[1].split()[0]))
    os.kill(parent.popen.pid, signal.SIGKILL)
    wait(supervisor, lambda: parent.failures == 1)
    assert eventually(lambda: gone(child))


def test_what_others_need_while_they_stop_goes_last(supervisor, shown):
    code = (
        "import signal, sys; signal.signal(signal.SIGTERM, lambda *_: (print('end', flush=True), "
        "sys.exit())); print('up', flush=True); signal.pause()"
    )
    redis = python("redis", code)
    redis.stops_last = True
    supervisor.start(redis)
    supervisor.start(python("worker", code))
    wait(supervisor, lambda: shown.getvalue().count("up") == 2)
    supervisor.stop()
    ends = [line.split()[0] for line in shown.getvalue().splitlines() if line.endswith("end")]
    assert ends == ["worker", "redis"]


def test_a_step_runs_to_its_end_and_tells_what_it_said(supervisor, shown):
    code = "print('seeded'); raise SystemExit(4)"
    assert supervisor.run(python("seed", code), timeout=60) == (4, "seeded")
    assert shown.getvalue() == ""


def test_a_signal_ends_the_wait_for_a_step(supervisor):
    supervisor.signals = 1
    with pytest.raises(Stopped):
        supervisor.run(Process("slow", ["sleep", "600"]), timeout=60)
    assert supervisor.processes == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_however_the_supervisor_ends_nothing_stays(number):
    with subprocess.Popen(
        [sys.executable, "-c", SUPERVISING], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        sleeper = psutil.Process(int(process.stdout.readline().split()[1]))
        process.send_signal(number)
        process.wait(timeout=60)
    assert eventually(lambda: gone(sleeper))


def gone(process):
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
