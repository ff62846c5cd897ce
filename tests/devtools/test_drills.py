"""Where drills take place, and what they leave there."""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from subprocess import Popen

import pytest
from sqlalchemy import select

from app import transaction
from app.config import NAMES
from app.domain import people
from app.errors import Unauthorized
from app.models import User
from devtools.dev import tell_programs
from devtools.drills import inside, scenes
from devtools.drills.__main__ import can_be_played
from devtools.drills.private import environment
from devtools.drills.site import NotADevEnvironment, Site, running_on
from devtools.env import make_env
from tests.conftest import environment as least

REAL = {
    "DATABASE_URL": "postgres://runsheet@db.example.com/runsheet",
    "SMTP_URL": "smtps://runsheet:password@mail.example.com:465",
    "SMS_TOKEN": "token",
    "APPRISE_URLS": "oncall=slack://token",
    "VAPID_PRIVATE_KEY": "key",
}


@pytest.fixture
def dev(tmp_path: Path) -> Iterator[Callable[..., Path]]:
    """Starts what is a bin/dev to drills: a process with this environment that has all told."""
    with ExitStack() as ends:

        def start(**environ: str) -> Path:
            tell_programs(make_env(environ, tmp_path, port=8000))
            process = Popen(["sleep", "100"], env={**environ, "PATH": os.environ["PATH"]})
            ends.callback(process.wait)
            ends.callback(process.kill)
            lock = ends.enter_context((tmp_path / "dev.lock").open("w"))
            fcntl.flock(lock, fcntl.LOCK_EX)
            lock.write(str(process.pid))
            lock.flush()
            return tmp_path

        yield start


@pytest.mark.parametrize("name", REAL)
def test_a_bin_dev_that_could_hurt_or_tell_somebody_is_refused(name, dev):
    var = dev(**{name: REAL[name]})

    with pytest.raises(NotADevEnvironment, match=f"was given its {name}"):
        running_on(var)


def test_what_was_written_into_dev_env_by_hand_counts_as_given(dev, tmp_path):
    (tmp_path / "dev.env").write_text("APPRISE_URLS=oncall=slack://token\n")

    with pytest.raises(NotADevEnvironment, match="was given its APPRISE_URLS"):
        running_on(dev())


def test_a_drill_knows_the_settings_that_its_environment_was_given(dev):
    site = running_on(dev(WORKER_THREADS="7"))

    assert site.settings.worker_threads == 7
    assert site.settings.smtp_url.startswith("smtp://127.0.0.1:")


def test_a_private_environment_has_no_setting_of_the_terminal():
    terminal = dict.fromkeys(NAMES, "of a real place") | {"PATH": "/bin"}

    given = environment(terminal, {"RUNSHEET_VAR": "/var"})

    assert {**given, "PORT": ""} == {"PATH": "/bin", "RUNSHEET_VAR": "/var", "PORT": ""}


def site_on(url: str) -> Site:
    return Site(Path("/nonexistent"), "http://console", "http://receiver", least(DATABASE_URL=url))


def test_what_let_a_drill_in_is_worth_nothing_afterwards(app, database_url):
    site = site_on(database_url)
    for _ in range(2):
        with inside.let_in(site), transaction.reading() as session:
            assert people.find_token(session, site.token).role == "admin"
            assert session.scalars(select(User).where(User.active)).one().email == inside.NOBODY

        with transaction.writing() as session:
            with pytest.raises(Unauthorized):
                people.find_token(session, site.token)
            with pytest.raises(Unauthorized):
                people.use_sign_in_link(session, site.link.rpartition("/")[2])
            assert not session.scalars(select(User).where(User.active)).all()


def test_who_asks_for_all_is_told_what_is_left_out(capsys):
    site = site_on("sqlite://")

    left_out = [name for name in scenes.NAMES if not can_be_played(name, site)]

    assert left_out == [name for name in scenes.NAMES if scenes.needs_postgresql(name)]
    said = capsys.readouterr().out
    assert all(f"{name}: left out" in said for name in left_out)
