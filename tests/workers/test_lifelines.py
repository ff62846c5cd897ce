"""A worker's death is told by the kernel, and only its death."""

import contextlib
import errno
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from app.config import Settings
from tests.conftest import environment
from tests.support.processes import ROOT
from tests.support.waiting import wait_until
from workers import lifelines, process
from workers.lifelines import Lifeline

HOLDER = """
import sys
from app.config import Settings
from workers.lifelines import Lifeline
lifeline = Lifeline(Settings.load(), sys.argv[1])
lifeline.hold()
print("holds", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def environ(tmp_path) -> dict[str, str]:
    return environment(DATABASE_URL="sqlite:////nonexistent/x.db", RUNSHEET_VAR=str(tmp_path))


@pytest.fixture
def settings(environ) -> Settings:
    return Settings.load(environ)


@contextlib.contextmanager
def holder(
    environ: dict[str, str], name: str = "doomed", script: str = HOLDER
) -> Iterator[subprocess.Popen[bytes]]:
    """Another process that holds a lifeline."""
    with subprocess.Popen(
        [sys.executable, "-c", script, name],
        cwd=ROOT,
        env=os.environ | environ,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    ) as popen:
        assert popen.stdout and popen.stdout.readline() == b"holds\n"
        try:
            yield popen
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(popen.pid, signal.SIGKILL)  # and whatever it started


def kill(popen: subprocess.Popen[bytes]) -> None:
    popen.kill()
    popen.wait()


def files(settings: Settings) -> list[Path]:
    return sorted(lifelines.folder_for(settings).iterdir())


def test_a_worker_is_dead_once_it_was_killed_and_not_before(environ, settings):
    with holder(environ) as popen:
        assert lifelines.dead(settings) == []
        kill(popen)
        assert lifelines.dead(settings) == ["doomed"]
        assert lifelines.dead(settings) == ["doomed"]


def test_a_worker_that_is_stopped_is_not_dead(environ, settings):
    with holder(environ) as popen:
        popen.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, popen.pid, os.WSTOPPED | os.WNOWAIT)
        assert lifelines.dead(settings) == []


def test_nobody_takes_himself_for_dead_and_who_ends_in_good_order_leaves_nothing(settings):
    mine = Lifeline(settings, process.name())
    mine.hold()
    mine.touch()
    assert lifelines.dead(settings) == []
    mine.end()
    assert files(settings) == []


def test_workers_of_another_database_are_nobody_here(environ, settings):
    elsewhere = environ | {"DATABASE_URL": "sqlite:////nonexistent/y.db"}
    with holder(elsewhere) as popen:
        kill(popen)
        assert lifelines.dead(settings) == []
        assert lifelines.dead(Settings.load(elsewhere)) == ["doomed"]


def test_machines_that_share_the_folder_do_not_judge_each_other(environ, settings, monkeypatch):
    with holder(environ) as popen:
        kill(popen)
        monkeypatch.setattr(lifelines, "_kernel", lambda: "another")
        assert lifelines.dead(settings) == []


def test_files_of_the_dead_are_kept_for_a_minute_then_removed_those_of_the_stopped_never(
    environ, settings
):
    mine = Lifeline(settings, "mine")
    mine.hold()
    (own,) = files(settings)
    with holder(environ) as doomed, holder(environ, "stopped") as stopped:
        stopped.send_signal(signal.SIGSTOP)
        kill(doomed)
        mine.touch()
        assert lifelines.dead(settings) == ["doomed"]
        for path in files(settings):
            os.utime(path, (0, 0))
        mine.touch()
        assert own.stat().st_mtime > 0
        assert {path.name.partition(":")[2] for path in files(settings)} == {"mine", "stopped"}
    mine.end()


def test_without_a_folder_to_write_to_a_private_one_of_this_user_serves(
    settings, tmp_path, monkeypatch
):
    monkeypatch.setattr(lifelines.tempfile, "gettempdir", lambda: str(tmp_path))
    folder = lifelines.folder_for(replace(settings, var=tmp_path / "none"))
    assert folder == tmp_path / f"runsheet-workers-{os.geteuid()}"
    assert folder.stat().st_mode & 0o777 == 0o700


def test_a_folder_that_others_can_write_to_is_not_used_and_work_goes_on_without(
    settings, tmp_path, monkeypatch, caplog
):
    monkeypatch.setattr(lifelines.tempfile, "gettempdir", lambda: str(tmp_path))
    settings = replace(settings, var=tmp_path / "none")
    planted = tmp_path / f"runsheet-workers-{os.geteuid()}"
    planted.mkdir()
    planted.chmod(0o777)

    with caplog.at_level(logging.WARNING):
        mine = Lifeline(settings, "mine")
        mine.hold()
    assert "its leases run out first" in caplog.text
    mine.touch()
    assert lifelines.dead(settings) == []
    mine.end()
    assert list(planted.iterdir()) == []


def test_a_link_that_was_planted_is_not_followed(settings, tmp_path):
    target = tmp_path / "target"
    target.write_text("")
    mine = Lifeline(settings, "mine")
    mine.hold()
    (own,) = files(settings)
    own.with_name(own.name.replace("mine", "planted")).symlink_to(target)
    assert lifelines.dead(settings) == []
    mine.end()


def test_what_a_child_inherits_does_not_keep_a_dead_worker_alive(environ, settings):
    """Programs that a worker starts do not hold its lifeline."""
    script = HOLDER.replace(
        'print("holds"', 'import subprocess; subprocess.Popen(["sleep", "60"]); print("holds"'
    )
    with holder(environ, script=script) as popen:
        kill(popen)
        wait_until(lambda: lifelines.dead(settings), why="it is dead, though its child lives")


def test_where_the_file_system_knows_no_locks_nothing_is_left_behind(settings, monkeypatch, caplog):
    def refuse(*_arguments: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(lifelines.fcntl, "flock", refuse)
    with caplog.at_level(logging.WARNING):
        Lifeline(settings, "mine").hold()
    assert "No locks available" in caplog.text
    assert files(settings) == []
