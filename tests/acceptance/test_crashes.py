"""Workers die at the worst moments: as soon as they have claimed, after the receiver has answered,
around the commit of a result, at a renewal. `bin/bench chaos` does the same at length."""

import os

import pytest
from sqlalchemy import func, select

from app import transaction
from app.models import AutomationJob
from tests.support import chaos
from tests.support.chaos_crashes import Crashes
from tests.support.chaos_lab import Lab
from tests.support.chaos_poison import Poison
from tests.support.marks import both_databases

# Each point twice; five times with `WHOLE=1 bin/test <this file>`.
KILLS, STEPS = (25, 100) if os.environ.get("WHOLE") else (10, 40)


@pytest.fixture
def lab(ringing_app, environ, receiver, tmp_path) -> Lab:
    short = {"LEASE_SECONDS": "3", "WORKER_THREADS": "2"}
    return Lab(environ | short, receiver, tmp_path / "processes.log")


@both_databases
def test_workers_that_die_at_every_failpoint_lose_nothing_and_complete_nothing_twice(lab, capsys):
    lab.publish()
    lab.slow_down(0.1)

    found = Crashes(lab, KILLS, STEPS, seconds=300).run()

    with capsys.disabled():
        print(f"\n{found}")
    assert len(found.kills) >= KILLS
    assert all(found.per_point().values())
    assert found.lost == 0
    assert found.account.completed == found.begun >= STEPS
    assert found.account.completed_twice == 0
    assert found.account.tokens_per_step == 1
    assert found.account.poisoned == 0
    assert found.p99 <= 30
    with transaction.reading() as session:
        assert session.scalar(select(func.count()).select_from(AutomationJob)) == 0


@both_databases
def test_a_step_that_kills_its_workers_is_poisoned_and_all_others_complete(
    ringing_app, lab, environ, capsys
):
    lab.environ |= {"LEASE_SECONDS": "2"}

    found = Poison(lab, ringing_app).run(seconds=300)

    with capsys.disabled():
        print(f"\n{found.kills.total()} kills by a poisonous step")
    assert found.states(poisonous=True) == {("FAILED", "POISONED"): 1}
    assert found.states(poisonous=False) == {("COMPLETED", "COMPLETED"): 20}
    # Two beside others, then three alone.
    assert found.kills.total() >= 5
    account = chaos.account(lab.receiver)
    assert account.completed_twice == 0
    assert account.tokens_per_step == 1
