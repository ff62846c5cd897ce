"""`bin/dev`: makes what is missing, starts everything, and ends it all on Ctrl-C."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TextIO

from devtools import procfile, redis_server, summary
from devtools.env import DevEnv, make_env
from devtools.output import Output
from devtools.ports import is_free
from devtools.ready import Readiness
from devtools.supervisor import Process, Stopped, Supervisor

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
READY_WITHIN = 90
MOST_FAILURES = 3  # ends in a row, before everything has been ready once


class CannotStart(Exception):
    """One line that says what is wrong and what to do about it."""


def main() -> int:
    output = Output()
    try:
        var = writable_var(os.environ)
        lock = only_one(var)
        env = prepare(os.environ, var)
        with lock, Supervisor(output, ROOT, holds=let_go(var)) as supervisor:
            run(supervisor, env, output)
            output.plain("Stopping …")
        output.plain("Stopped. Your data is in " + str(var))
    except CannotStart as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except (Stopped, KeyboardInterrupt):
        output.plain("Stopped before it was ready.")
    return 0


def writable_var(environ: Mapping[str, str]) -> Path:
    var = Path(environ.get("RUNSHEET_VAR") or ROOT / "var").absolute()
    try:
        var.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=var).close()
    except OSError as error:
        why = error.strerror or error
        raise CannotStart(f"cannot write to {var} ({why}); set RUNSHEET_VAR to another.") from None
    return var


def only_one(var: Path) -> TextIO:
    """Hold the lock for as long as the file is open; the kernel frees it however we end."""
    lock = (var / "dev.lock").open("a+")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.seek(0)
        pid = lock.read().strip() or "unknown"
        raise CannotStart(
            f"bin/dev already runs on {var} (process {pid}); end it, or set RUNSHEET_VAR."
        ) from None
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()
    return lock


def let_go(var: Path) -> Path:
    """The folder in which drills hold processes down; what an earlier one left is forgotten."""
    holds = var / "hold"
    shutil.rmtree(holds, ignore_errors=True)
    holds.mkdir()
    (var / "running.json").unlink(missing_ok=True)
    return holds


def prepare(environ: Mapping[str, str], var: Path) -> DevEnv:
    port = whole_number(environ, "PORT", 8000, most=65532)
    whole_number(environ, "WORKERS", 1, most=64)
    needed = {"the console": port, "the demo receiver": port + 1, "the mail page": port + 2}
    if environ.get("SMTP_URL"):
        del needed["the mail page"]
    for what, number in needed.items():
        if not is_free(number):
            raise CannotStart(
                f"port {number} for {what} is busy; choose another, e.g. PORT={port + 100} bin/dev"
            )
    return make_env(environ, var, port)


def whole_number(environ: Mapping[str, str], name: str, default: int, most: int) -> int:
    text = environ.get(name) or str(default)
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= most):
        raise CannotStart(f"{name} must be a whole number from 1 to {most}, not {text!r}.")
    return int(text)


def run(supervisor: Supervisor, env: DevEnv, output: Output) -> None:
    start_redis(supervisor, env, output)
    once(supervisor, env, output, "Checking the database", "-m", "devtools.database")
    said = once(supervisor, env, output, "Migrating and seeding", "-m", "devtools.prepare")
    for process in everything(env):
        output.plain(f"Starting {process.name}")
        supervisor.start(process)
    await_ready(supervisor, env)
    table = summary.rows(env, last_json(said))
    output.plain(summary.box(table, "Runsheet is running", output.colour))
    tell_programs(env)
    supervisor.watch()


def start_redis(supervisor: Supervisor, env: DevEnv, output: Output) -> None:
    url = env.merged["REDIS_URL"]
    if env.needs("REDIS_URL"):
        output.plain("Starting redis")
        try:
            command = redis_server.command(url, env.var / "redis")
        except FileNotFoundError as error:
            raise CannotStart(f"{error}; install one, or set REDIS_URL.") from None
        redis = Process("redis", command, environment(env), stops_last=True, quiet=True)
        supervisor.start(redis)
        answered = lambda: redis_server.why_silent(url) is None or redis.failures > 0  # noqa: E731
        supervisor.wait_until(answered, timeout=10)
        if redis.failures and redis.reader:
            raise CannotStart(f"redis-server ended: {redis.reader.text().strip()[-300:]}")
    if why := redis_server.why_silent(url):
        raise CannotStart(f"REDIS_URL cannot be used: {why}")


def once(supervisor: Supervisor, env: DevEnv, output: Output, what: str, *arguments: str) -> str:
    """Run a step to its end. Its last line is shown when it fails, the rest is in a file."""
    output.plain(what)
    command = [sys.executable, *arguments]
    code, said = supervisor.run(Process(what, command, environment(env)), timeout=300)
    if code:
        log = env.var / "dev-failure.log"
        log.write_text(said)
        lines = [line.strip() for line in said.splitlines() if line.strip()] or ["no reason given"]
        line = lines[-1].removeprefix("error: ").removeprefix("Error: ")
        raise CannotStart(line if "devtools.database" in arguments else f"{what}: {line} ({log})")
    return said


def everything(env: DevEnv) -> list[Process]:
    """The Procfile's processes, and the two that only a developer needs."""
    var, port, smtp = str(env.var), str(env.receiver_port), env.merged["SMTP_URL"]
    receiver = [sys.executable, "-m", "devtools.receiver", "--port", port, "--var", var]
    found = [Process("receiver", receiver, environment(env), stops_last=True)]
    if env.needs("SMTP_URL"):
        page, smtp_port = str(env.mail_page_port), smtp.rpartition(":")[2]
        mail = [sys.executable, "-m", "devtools.mailcatcher", "--port", page]
        mail += ["--smtp-port", smtp_port, "--var", var]
        found.append(Process("mail", mail, environment(env), stops_last=True))
    workers = int(env.environ.get("WORKERS") or 1)
    for name, command in procfile.processes(ROOT / "Procfile", workers).items():
        # exec: signals must reach the program itself, not a shell around it.
        found.append(Process(name, ["/bin/sh", "-c", f"exec {command}"], environment(env)))
    return found


def environment(env: DevEnv) -> dict[str, str]:
    merged = env.merged
    bind = f"--bind 127.0.0.1:{env.port} {merged.get('GUNICORN_CMD_ARGS', '')}".strip()
    path = f"{BIN}{os.pathsep}{merged.get('PATH', os.defpath)}"
    made = {"PATH": path, "GUNICORN_CMD_ARGS": bind, "PYTHONUNBUFFERED": "1"}
    made["LOG_FORMAT"] = merged.get("LOG_FORMAT") or "console"
    # The processes write into pipes, and can't see whether somebody reads at a terminal.
    return merged | made | ({"FORCE_COLOR": "1"} if Output().colour else {})


def await_ready(supervisor: Supervisor, env: DevEnv) -> None:
    readiness = Readiness(env.url(env.port, "/readyz"))

    def settled() -> bool:
        return readiness.look() or any(p.failures >= MOST_FAILURES for p in supervisor.processes)

    if supervisor.wait_until(settled, READY_WITHIN) and readiness.ready:
        return
    for process in supervisor.processes:
        if process.failures >= MOST_FAILURES:
            last = process.reader.text().splitlines()[-1:] if process.reader else []
            raise CannotStart(f"{process.name} does not stay up: {''.join(last) or 'see above'}")
    raise CannotStart(f"not ready within {READY_WITHIN} s: {readiness.why}")


def tell_programs(env: DevEnv) -> None:
    """For drills and the like: where everything is, and which parts bin/dev made itself."""
    facts = {
        "console": env.url(env.port),
        "receiver": env.url(env.receiver_port),
        "made": sorted(env.made),
    }
    (env.var / "running.json").write_text(json.dumps(facts))


def last_json(said: str) -> dict[str, str]:
    """`flask seed` ends by printing who may sign in, as JSON."""
    try:
        found = json.loads(said.strip().splitlines()[-1])
    except (IndexError, ValueError):
        return {}
    return {k: str(v) for k, v in found.items() if v} if isinstance(found, dict) else {}  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType, reportUnknownArgumentType]


if __name__ == "__main__":
    sys.exit(main())
