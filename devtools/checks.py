"""`bin/test`: every check in order, all of them even when one fails, and a summary at the end.

With arguments only pytest runs, and gets them.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from devtools import browser, promtool

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
COMPOSE = "deploy/compose/compose.yaml"
NOT_HERE = 75  # EX_TEMPFAIL: a check's way to say that it cannot run on this machine


@dataclass
class Check:
    name: str
    command: list[str]


@dataclass
class Result:
    name: str
    code: int
    seconds: float
    last_line: str

    @property
    def word(self) -> str:
        return {0: "ok", NOT_HERE: "not here"}.get(self.code, "FAILED")

    @property
    def failed(self) -> bool:
        return self.code not in (0, NOT_HERE)


def module(name: str, *arguments: str) -> list[str]:
    return [sys.executable, "-m", name, *arguments]


def tool(name: str, *arguments: str) -> list[str]:
    return [str(BIN / name), *arguments]


CHECKS = [
    Check("format", tool("ruff", "format", "--check", ".")),
    Check("lint", tool("ruff", "check", ".")),
    Check("types", tool("pyright")),
    Check("imports", tool("lint-imports", "--no-logo")),
    Check("templates", tool("djlint", "--lint", "--quiet", "app/templates")),
    Check("image", tool("hadolint", "Dockerfile")),
    Check("compose", tool("check-jsonschema", "--builtin-schema", "vendor.compose-spec", COMPOSE)),
    Check("migrations", module("devtools.check_migrations")),
    # Four for two processors, since tests of real processes wait more than they compute.
    # loadgroup: tests that share a server name their group and stay in one process
    Check("pytest", module("pytest", "-n", "4", "--dist", "loadgroup")),
    Check("docs", module("devtools.check_docs")),
    Check("openapi", module("devtools.check_openapi")),
    Check("alerts", module("devtools.check_alerts")),
    Check("reference", module("devtools.reference", "--check")),
    Check("audit", module("devtools.check_audit")),
]


def main(arguments: list[str]) -> int:
    os.chdir(ROOT)
    os.environ["PATH"] = f"{BIN}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    browser.ensure()
    if arguments:
        sys.stdout.flush()
        os.execv(sys.executable, module("pytest", *arguments))
    promtool.ensure()
    results = [run(check) for check in CHECKS]
    summarise(results)
    return 1 if any(result.failed for result in results) else 0


def run(check: Check) -> Result:
    heading(check.name)
    began = time.monotonic()
    last = ""
    with subprocess.Popen(
        check.command, text=True, errors="replace", stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        for line in process.stdout or ():
            print(line, end="", flush=True)
            last = line.strip() or last
    return Result(check.name, process.returncode, time.monotonic() - began, last)


def heading(text: str) -> None:
    print(f"\n━━ {text} {'━' * (72 - len(text))}", flush=True)


def summarise(results: list[Result]) -> None:
    heading("summary")
    for result in results:
        # What is fine needs no words, but pytest's counts are wanted in any case.
        words = result.last_line if result.word != "ok" or result.name == "pytest" else ""
        print(f"{result.word:<9} {result.name:<11} {result.seconds:6.1f} s  {words[:120]}".rstrip())
    failed = [result.name for result in results if result.failed]
    print(f"\n{len(failed)} failed: {', '.join(failed)}" if failed else "\nEvery check passed.")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
