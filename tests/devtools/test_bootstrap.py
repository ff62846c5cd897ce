"""From nothing to packages in `.venv`: with a project and a lock file that need no network."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.processes import ROOT

PROJECT = """
[project]
name = "tiny"
version = "1"
requires-python = ">=3.11"
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
[tool.none]
"""
# What setuptools does for the real one, as much as pip asks of it.
BACKEND = """
import zipfile

def build_wheel(folder, config_settings=None, metadata_directory=None):
    name = "tiny-1-py3-none-any.whl"
    facts = {
        "METADATA": "Metadata-Version: 2.1\\nName: tiny\\nVersion: 1\\n",
        "WHEEL": "Wheel-Version: 1.0\\nGenerator: t\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
        "RECORD": "",
    }
    with zipfile.ZipFile(f"{folder}/{name}", "w") as wheel:
        wheel.writestr("tiny.py", "")
        for file, text in facts.items():
            wheel.writestr(f"tiny-1.dist-info/{file}", text)
    return name

build_editable = build_wheel
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A checkout, with nothing installed."""
    (tmp_path / "devtools").mkdir()
    shutil.copy(ROOT / "devtools" / "bootstrap.py", tmp_path / "devtools")
    (tmp_path / "pyproject.toml").write_text(PROJECT)
    (tmp_path / "backend.py").write_text(BACKEND)
    (tmp_path / "requirements.lock").write_text("# nothing more\n")
    return tmp_path


def bootstrap(folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, "devtools/bootstrap.py", "requirements.lock"],
        cwd=folder,
        env=os.environ | {"PIP_NO_INDEX": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_checkout_gets_its_packages_once(folder: Path) -> None:
    assert bootstrap(folder).startswith("Making .venv with Python ")
    subprocess.run([folder / ".venv" / "bin" / "python", "-c", "import tiny"], check=True)
    assert bootstrap(folder) == ""
