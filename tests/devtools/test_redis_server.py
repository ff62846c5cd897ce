"""bin/dev brings its own Redis, private and without a trace on disk."""

import os
import subprocess

import pytest
import redis

from devtools import redis_server
from devtools.ports import free_port
from tests.devtools.waiting import eventually


@pytest.fixture(params=["on PATH or bundled", "bundled"])
def url(request, tmp_path, monkeypatch):
    if request.param == "bundled":
        monkeypatch.setattr(redis_server.shutil, "which", lambda _: None)
    url = f"redis://:the-password@127.0.0.1:{free_port()}/0"
    command = redis_server.command(url, tmp_path / "redis")
    assert "the-password" not in " ".join(command)
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        assert eventually(lambda: redis_server.why_silent(url) is None)
        yield url
        process.terminate()


def test_it_answers_who_knows_the_password_and_nobody_else(url):
    assert redis_server.why_silent(url) is None
    for other in ("", ":another@"):
        why = redis_server.why_silent(url.replace(":the-password@", other))
        assert why == "it wants another user or password"


def test_it_forgets_nothing_while_it_runs_and_writes_nothing(url, tmp_path):
    with redis.Redis.from_url(url) as client:
        config = client.config_get("*")
    assert (config["appendonly"], config["save"]) == ("no", "")
    assert config["maxmemory-policy"] == "noeviction"
    assert os.listdir(tmp_path / "redis") == ["redis.conf"]


def test_why_it_is_silent_is_said_without_the_password():
    why = redis_server.why_silent(f"redis://:hush@127.0.0.1:{free_port()}/0")
    assert why
    assert "hush" not in why
