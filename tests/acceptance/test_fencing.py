"""A worker that is stopped in mid-send, and goes on after another has finished its step, changes
nothing: its late result is a row that says so."""

import pytest
from sqlalchemy import text

from app import extensions
from app.extensions import db
from tests.support import chaos
from tests.support.chaos_fencing import Fencing
from tests.support.chaos_lab import Lab
from tests.support.marks import both_databases

TIMES = 5


@pytest.fixture
def lab(ringing_app, environ, receiver, tmp_path) -> Lab:
    return Lab(environ | {"LEASE_SECONDS": "2"}, receiver, tmp_path / "processes.log")


@both_databases
def test_a_stopped_worker_that_goes_on_changes_nothing(lab, capsys):
    lab.publish()

    found = Fencing(lab, TIMES).run()

    account = chaos.account(lab.receiver)
    with capsys.disabled():
        print(f"\n{found.stops} stops, {found.fenced} fenced, {found.changed} changed: {account}")
    assert found.stops == found.fenced == account.fenced == TIMES
    assert found.changed == 0
    assert account.completed == TIMES
    assert account.completed_twice == 0
    assert account.tokens_per_step == 1


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_process_that_is_frozen_in_a_transaction_does_not_hold_its_locks_for_long(
    app, monkeypatch
):
    monkeypatch.setattr(extensions, "IDLE_SECONDS", 0.5)
    db.engine.dispose()
    lock = text("LOCK TABLE automation_jobs IN EXCLUSIVE MODE")
    frozen = db.engine.connect()
    frozen.execute(lock)

    with db.engine.begin() as other:
        other.execute(text("SET LOCAL lock_timeout TO '20s'"))
        other.execute(lock)

    frozen.invalidate()
    frozen.close()
