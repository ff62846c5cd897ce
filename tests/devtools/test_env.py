"""bin/dev makes the settings that the environment does not give, once."""

import base64
import os
import socket

import pytest

from app.config import Settings
from devtools.env import make_env, read


@pytest.fixture
def make(tmp_path):
    return lambda environ=None, port=8100: make_env(environ or {}, tmp_path, port)


def test_the_console_accepts_what_was_made(make, tmp_path):
    make()
    settings = Settings.load({"RUNSHEET_VAR": str(tmp_path)})
    assert settings.database_url == f"sqlite:///{tmp_path}/runsheet.db"
    assert settings.base_url == "http://127.0.0.1:8100"
    assert settings.outbound_allow == "127.0.0.1:8101"


def test_secrets_are_made_once(make):
    first, second = make().merged, make().merged
    for name in ("SECRET_KEY", "ENCRYPTION_KEYS", "REDIS_URL", "SMTP_URL", "VAPID_PRIVATE_KEY"):
        assert first[name] == second[name]


def test_the_encryption_key_is_a_fernet_key_with_a_name(make):
    name, _, key = make().merged["ENCRYPTION_KEYS"].partition(":")
    assert name == "k1"
    assert len(key) == 44
    assert len(base64.urlsafe_b64decode(key)) == 32


def test_only_its_owner_may_read_the_file(make, tmp_path):
    make()
    assert os.stat(tmp_path / "dev.env").st_mode & 0o777 == 0o600


def test_what_the_environment_gives_wins_and_is_not_written_down(make, tmp_path):
    url = "postgresql://runsheet:password@db.example/runsheet"
    env = make({"DATABASE_URL": url})
    assert env.merged["DATABASE_URL"] == url
    assert not env.needs("DATABASE_URL")
    assert "password@" not in (tmp_path / "dev.env").read_text()


def test_the_old_key_stays_while_the_environment_overrides_it(make, tmp_path):
    old = make().merged["ENCRYPTION_KEYS"]
    make({"ENCRYPTION_KEYS": "k9:" + "x" * 44})
    assert read(tmp_path / "dev.env")["ENCRYPTION_KEYS"] == old


def test_an_empty_value_counts_as_none(make):
    assert make({"DATABASE_URL": ""}).merged["DATABASE_URL"].startswith("sqlite:///")


def test_redis_moves_when_its_port_was_taken(make):
    old = make().merged["REDIS_URL"]
    with socket.create_server(("127.0.0.1", int(old.rpartition(":")[2].split("/")[0]))):
        assert make().merged["REDIS_URL"] != old
