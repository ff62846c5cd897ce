"""Failpoints: armed by tests, and by nothing else."""

import logging
import os
import signal
import subprocess
import sys

import pytest

from tests.support.processes import ROOT
from workers import failpoints
from workers.failpoints import Armed

TESTING = {"RUNSHEET_TESTING": "1"}


def test_nothing_is_armed_by_itself():
    assert failpoints.armed_by({}) is None
    assert failpoints.armed_by(TESTING) is None


@pytest.mark.parametrize("point", failpoints.POINTS)
def test_a_point_is_armed_for_its_first_or_its_nth_passing(point):
    assert failpoints.armed_by(TESTING | {"RUNSHEET_CRASH_AT": point}) == Armed(point)
    assert failpoints.armed_by(TESTING | {"RUNSHEET_CRASH_AT": f"{point}:7"}) == Armed(point, 7)
    wish = {"RUNSHEET_CRASH_AT": f"{point}:2:stop"}
    assert failpoints.armed_by(TESTING | wish) == Armed(point, 2, stop=True)


@pytest.mark.parametrize("switch", [{}, {"RUNSHEET_TESTING": "0"}])
def test_without_the_switch_for_tests_it_is_ignored_with_a_warning(caplog, switch):
    with caplog.at_level(logging.WARNING):
        assert failpoints.armed_by(switch | {"RUNSHEET_CRASH_AT": "claim"}) is None
    assert "for tests alone" in caplog.text


@pytest.mark.parametrize("wish", ["lunch", "claim:soon", "claim:1:gently"])
def test_a_point_that_is_not_there_is_refused(wish):
    with pytest.raises(ValueError, match="claim, after-send"):
        failpoints.armed_by(TESTING | {"RUNSHEET_CRASH_AT": wish})


def test_a_process_dies_at_its_point_at_the_passing_that_was_named_and_matters():
    script = """
from workers import failpoints
failpoints.crash_at("claim")
failpoints.crash_at("after-send", [None, ""])
for number in (1, 2, 3):
    print(number, flush=True)
    failpoints.crash_at("after-send", [number])
"""
    environ = TESTING | {"RUNSHEET_CRASH_AT": "after-send:2"}
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True)

    assert done.returncode == -signal.SIGKILL
    assert done.stdout.split() == ["1", "2"]


def test_a_process_can_be_had_to_stop_at_its_point_and_wait_for_its_killer():
    script = """
from workers import failpoints
failpoints.crash_at("claim")
print("went on", flush=True)
"""
    environ = TESTING | {"RUNSHEET_CRASH_AT": "claim:1:stop"}
    command = [sys.executable, "-c", script]
    with subprocess.Popen(command, cwd=ROOT, env=environ, stdout=subprocess.PIPE) as popen:
        found = os.waitid(os.P_PID, popen.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
        assert found is not None and found.si_status == signal.SIGSTOP
        popen.kill()
        assert popen.communicate()[0] == b""
