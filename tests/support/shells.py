"""Runs commands of the documents as somebody does who has made `.venv` and not activated it."""

import os
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path

from tests.support.processes import BIN, ROOT


def path_of_a_person(*programs: Path) -> str:
    """PATH without our packages' programs, whoever runs the tests, and with these."""
    given = os.environ["PATH"].split(os.pathsep)
    ours = {BIN.absolute(), ROOT / ".venv" / "bin"}
    return os.pathsep.join(
        [*map(str, programs), *(p for p in given if Path(p).absolute() not in ours)]
    )


def run_block(
    block: str, environ: Mapping[str, str], programs: Iterable[Path] = (), folder: Path = ROOT
) -> str:
    """Run commands in a folder, as `sh` does; what they print. Fails where one of them does."""
    done = subprocess.run(
        ["sh", "-ec", block],
        cwd=folder,
        env={**os.environ, **environ, "PATH": path_of_a_person(*programs)},
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == 0, f"{block}\n{done.stdout}{done.stderr}"
    return done.stdout
