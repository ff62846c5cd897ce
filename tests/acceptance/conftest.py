"""Acceptance tests: real processes, real Redis, real databases."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis
from flask import Flask

from app import bells
from app.config import Settings
from tests.conftest import environment
from tests.support.chaos_lab import Lab
from tests.support.processes import SCHEDULER, WORKER, Process
from tests.support.receiver import Receiver, receiving

Start = Callable[..., Process]


@pytest.fixture
def environ(database_url: str, redis_url: str) -> dict[str, str]:
    """What processes are started with."""
    with redis.Redis.from_url(redis_url) as client:
        client.flushall()
    return environment(DATABASE_URL=database_url, REDIS_URL=redis_url, LEASE_SECONDS="5")


@pytest.fixture
def settings(environ: dict[str, str]) -> Settings:
    return Settings.load(environ)


@pytest.fixture
def ringing_app(app: Flask, settings: Settings) -> Flask:
    """The application as a web process has it: it rings."""
    bells.use(bells.RqBell(settings))
    return app


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def start(environ: dict[str, str], tmp_path: Path) -> Iterator[Start]:
    """Starts processes; all are gone when the test ends."""
    started: list[Process] = []

    def start(command: list[str] = WORKER, *arguments: str, **more: str) -> Process:
        if command is not SCHEDULER:
            arguments = arguments or ("workflow-automation",)
        process = Process([*command, *arguments], environ | more, tmp_path / "processes.log")
        started.append(process)
        return process

    yield start
    for process in started:
        process.end()


@pytest.fixture
def lab(ringing_app: Flask, environ: dict[str, str], receiver: Receiver, tmp_path: Path) -> Lab:
    """Where chaos is made."""
    return Lab(environ, receiver, tmp_path / "processes.log")
