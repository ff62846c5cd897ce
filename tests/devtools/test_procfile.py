"""The Procfile says what runs, here as on a platform."""

import os
import subprocess
import sys
from pathlib import Path

from devtools import procfile

ROOT = Path(__file__).resolve().parents[2]


def test_release_is_a_step_and_no_process():
    names = list(procfile.processes(ROOT / "Procfile", workers=1))
    assert names == ["web", "worker", "notifier", "scheduler"]


def test_more_workers_run_the_same_command():
    found = procfile.processes(ROOT / "Procfile", workers=3)
    assert found["worker"] == found["worker2"] == found["worker3"]


def test_comments_and_empty_lines_are_passed_over(tmp_path):
    (tmp_path / "Procfile").write_text("# what runs\n\nweb: serve --port $PORT\n")
    assert procfile.read(tmp_path / "Procfile") == {"web": "serve --port $PORT"}


def test_gunicorn_accepts_its_settings_and_listens_on_the_port_that_it_is_given():
    check = "from gunicorn.app.wsgiapp import run; run()"
    options = ["--config", "gunicorn.conf.py", "--print-config", "--check-config", "json:dumps"]
    done = subprocess.run(
        [sys.executable, "-c", check, *options],
        cwd=ROOT,
        env=os.environ | {"PORT": "18123"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "control_socket_disable" in done.stdout
    assert "0.0.0.0:18123" in done.stdout
