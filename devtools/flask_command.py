"""Runs `flask --app app …` on a database of its own, with settings that are made for it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from devtools.env import make_env

ROOT = Path(__file__).resolve().parent.parent
# Settings of the machine that must not reach a throw-away run.
OURS = ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "ENCRYPTION_KEYS", "RUNSHEET_VAR", "PORT")


def flask(
    *arguments: str, var: Path, database_url: str | None = None
) -> subprocess.CompletedProcess[str]:
    environ = {name: value for name, value in os.environ.items() if name not in OURS}
    if database_url:
        environ["DATABASE_URL"] = database_url
    return subprocess.run(
        [sys.executable, "-m", "flask", "--app", "app", *arguments],
        cwd=ROOT,
        env=make_env(environ, var, port=8000).merged,
        capture_output=True,
        text=True,
        check=False,
    )
