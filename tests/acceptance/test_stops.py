"""A deploy: every process of the Procfile gets SIGTERM at once, in mid-work, and a second set
starts right away."""

import threading

import pytest
from sqlalchemy import func, select

from app import clock, transaction
from app.models import AutomationExecutionLog, AutomationJob, WorkflowInstanceStep
from tests.support import chaos
from tests.support.chaos_lab import Lab
from tests.support.marks import both_databases
from tests.support.outages_console import Console, console
from tests.support.waiting import wait_until

STEPS = 60


@pytest.fixture
def lab(ringing_app, environ, receiver, tmp_path) -> Lab:
    environ |= {"LEASE_SECONDS": "15", "WORKER_THREADS": "4", "ATTEMPTS_PER_HOST": "4"}
    return Lab(environ, receiver, tmp_path / "processes.log")


def leases_of(running: Console) -> int:
    """How many jobs the workers of a console hold."""
    pids = {process.pid for process in running.processes.values()}
    return sum(count for pid, count in chaos.leases().items() if pid in pids)


@both_databases
def test_a_deploy_fails_no_step_and_hands_back_what_was_not_begun(lab, capsys):
    release = threading.Event()
    lab.receiver.answer = lambda _got: (release.wait(15), (200, {}, b"{}"))[1]
    lab.publish()
    with console(lab.environ, lab.log) as old:
        lab.begin(STEPS)
        lab.receiver.wait_for(8)  # two workers of four threads: all are busy

        old.signal()
        signalled = clock.monotonic()
        wait_until(lambda: leases_of(old) == 8, why="what was not begun should be handed back")
        asked = len(lab.receiver.requests)
        with console(lab.environ, lab.log) as new:
            wait_until(lambda: leases_of(new) == 8, why="the new workers should take over")
            tokens = {got.token for got in lab.receiver.requests[:asked]}
            assert tokens.isdisjoint(got.token for got in lab.receiver.requests[asked:])
            release.set()
            codes = {name: p.wait(25) for name, p in old.processes.items()}
            ended_after = clock.monotonic() - signalled
            wait_until(lambda: chaos.open_instances() == 0, seconds=90, why="all should complete")
            assert new.lives()

    account = chaos.account(lab.receiver)
    with capsys.disabled():
        print(f"\nended after {ended_after:.1f} s: {account}")
    assert set(codes.values()) == {0}
    assert asked == 8
    assert account.completed == STEPS
    assert account.completed_twice == account.unknown == account.fenced == account.repeats == 0


def test_a_deploy_that_outlasts_its_receivers_cuts_nothing_short_and_ends_in_time(lab, capsys):
    """The receiver answers within a step's longest timeout, and within what a stop waits."""
    hold = threading.Event()
    lab.receiver.answer = lambda _got: (hold.wait(16), (200, {}, b"{}"))[1]
    lab.publish()
    with console(lab.environ, lab.log) as old:
        lab.begin(12)
        lab.receiver.wait_for(8)

        old.signal()
        signalled = clock.monotonic()
        codes = {name: process.wait(25) for name, process in old.processes.items()}
        ended_after = clock.monotonic() - signalled
        assert chaos.leases().total() == 0
        with transaction.reading() as session:
            waiting = session.scalar(select(func.count()).select_from(AutomationJob))
            states = set(session.scalars(select(WorkflowInstanceStep.state)))
            outcomes = list(session.scalars(select(AutomationExecutionLog.outcome)))
    with capsys.disabled():
        print(f"\nended after {ended_after:.1f} s: {outcomes}")
    assert set(codes.values()) == {0}
    assert waiting == 4
    assert states == {"COMPLETED", "READY"}
    assert outcomes == ["succeeded"] * 8

    hold.set()
    with console(lab.environ, lab.log):
        wait_until(lambda: chaos.open_instances() == 0, seconds=60, why="all should complete")
    account = chaos.account(lab.receiver)
    assert account.completed == 12
    assert account.repeats == 0
