"""Workers are killed while they work, Redis forgets everything: nothing is lost, nothing is
completed twice, and whatever the receiver sees twice carries the same token."""

import os
import threading

import pytest
import redis
from sqlalchemy import select

from app import clock, transaction
from app.domain import instances
from app.models import AutomationExecutionLog
from app.schemas.instance import InstanceIn
from tests.support import chaos
from tests.support.marks import both_databases
from tests.support.processes import SCHEDULER, WORKER
from tests.support.waiting import wait_until
from tests.support.workflows import OPERATOR, publish, webhook

# The whole of it, 500 steps and 30 kills, takes minutes: `WHOLE=1 bin/test <this file>`.
STEPS, KILLS = (500, 30) if os.environ.get("WHOLE") else (150, 8)


def publish_post(url: str) -> None:
    publish(webhook("post", config={"url": url, "body": {"step": "{{ instance.id }}"}}))


def start_many(count: int) -> None:
    with transaction.writing() as session:
        instances.start_many(session, [InstanceIn.read({"templateKey": "order"})] * count, OPERATOR)


def slow(receiver, seconds: float) -> None:
    pause = threading.Event()
    receiver.answer = lambda _got: (pause.wait(seconds), (200, {}, b"{}"))[1]


@both_databases
def test_steps_survive_kill_after_kill(ringing_app, receiver, environ, start, tmp_path, capsys):
    slow(receiver, 0.2)
    publish_post(receiver.url)
    start_many(STEPS)
    start(SCHEDULER)
    # Few threads, so that it lasts long enough.
    few = environ | {"LEASE_SECONDS": "3", "WORKER_THREADS": "2", "ATTEMPTS_PER_HOST": "2"}
    with chaos.Crew(few, tmp_path / "workers.log", size=3) as crew:
        # Not to the last: whoever shoots at one remaining step again and again is, by the rules,
        # told that this step kills workers.
        hits = chaos.kill_while_busy(
            crew, KILLS, pause=0.3, busy=lambda: chaos.open_instances() > STEPS // 10
        )
        wait_until(
            lambda: chaos.open_instances() == 0, seconds=240, every=0.25, why="all should complete"
        )

    account = chaos.account(receiver)
    with capsys.disabled():
        print(f"\n{len(hits)} kills hit {sum(hits)} leases: {account}")
    assert len(hits) >= KILLS
    assert account.completed == STEPS
    assert account.completed_twice == 0
    assert account.poisoned == 0
    assert account.tokens_per_step == 1


@both_databases
def test_a_killed_workers_steps_are_done_by_another_within_thirty_seconds(
    ringing_app, receiver, environ, start
):
    """With the lease that production has."""
    environ["LEASE_SECONDS"] = "15"
    hold = threading.Event()
    receiver.answer = lambda _got: (hold.wait(60), (200, {}, b"{}"))[1]
    publish_post(receiver.url)
    worker = start(WORKER)
    start_many(5)
    receiver.wait_for(5)

    worker.kill()
    killed_at = clock.now()
    hold.set()
    start(WORKER)
    wait_until(lambda: chaos.open_instances() == 0, seconds=120, why="all should complete")

    with transaction.reading() as session:
        log = AutomationExecutionLog
        ends = session.scalars(select(log.ended_at).where(log.outcome == "succeeded")).all()
    assert len(ends) == 5
    assert max((end - killed_at).total_seconds() for end in ends if end) <= 30


@both_databases
@pytest.mark.parametrize("looks", [WORKER, SCHEDULER], ids=["a worker", "the scheduler"])
def test_the_leases_of_a_worker_that_died_on_this_machine_need_not_run_out(
    ringing_app, receiver, environ, start, looks
):
    environ["LEASE_SECONDS"] = "3600"
    hold = threading.Event()
    receiver.answer = lambda _got: (hold.wait(60), (200, {}, b"{}"))[1]
    publish_post(receiver.url)
    worker = start(WORKER)
    start_many(5)
    receiver.wait_for(5)

    worker.kill()
    hold.set()
    start(looks)
    wait_until(lambda: not chaos.leases()[worker.pid], seconds=60, why="somebody should look")
    if looks is SCHEDULER:
        start(WORKER)
    wait_until(lambda: chaos.open_instances() == 0, seconds=60, why="all should complete")

    account = chaos.account(receiver)
    assert (account.completed, account.completed_twice, account.unknown) == (5, 0, 5)
    assert account.tokens_per_step == 1


@both_databases
def test_redis_may_forget_everything_with_work_queued_and_in_flight(
    ringing_app, receiver, environ, start, redis_url
):
    slow(receiver, 0.05)
    publish_post(receiver.url)
    start(WORKER)
    start(SCHEDULER)
    start_many(200)
    receiver.wait_for(20)

    with redis.Redis.from_url(redis_url) as client:
        client.flushall()
    start_many(50)

    wait_until(lambda: chaos.open_instances() == 0, seconds=120, why="all should complete")
    account = chaos.account(receiver)
    assert account.completed == 250
    assert account.repeats == 0
