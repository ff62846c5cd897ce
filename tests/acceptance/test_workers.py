"""Both ways a worker can be run, and how one ends."""

import signal
import threading
from typing import Any

import pytest
import redis
from sqlalchemy import func, select

from app import bells, transaction
from app.domain import processes, queries
from app.models import AutomationExecutionLog, AutomationJob, WorkflowInstance
from app.models.vocabulary import AUTOMATION_QUEUE
from tests.support.marks import both_databases
from tests.support.processes import PLAIN_WORKER, SCHEDULER, WORKER
from tests.support.waiting import wait_until
from tests.support.workflows import begin, publish, webhook


def publish_chain(url: str) -> None:
    first = webhook("reserve", config={"url": f"{url}/reserve", "body": {"n": "{{ input.n }}"}})
    second = webhook("charge", "reserve", config={"url": f"{url}/charge"})
    publish(first, second, inputSchema={"type": "object", "properties": {"n": {}}})


def state_of(instance_id: int) -> str:
    with transaction.reading() as session:
        state = session.scalar(
            select(WorkflowInstance.state).where(WorkflowInstance.id == instance_id)
        )
        return str(state)


def wait_for_state(instance_id: int, state: str, seconds: float = 30) -> None:
    wait_until(
        lambda: state_of(instance_id) == state,
        seconds=seconds,
        why=f"instance {instance_id} should be {state}",
    )


def leased() -> int:
    with transaction.reading() as session:
        held = select(func.count()).where(AutomationJob.lease_token.is_not(None))
        return session.scalar(held) or 0


def wait_for_ears(redis_url: str) -> None:
    """Until a worker listens for bells. On a busy machine a process takes long to start, and that
    is not what is tested."""
    with redis.Redis.from_url(redis_url) as client:
        wait_until(
            lambda: client.scard("rq:workers"), seconds=120, why="the worker should have started"
        )


def wait_for_worker(count: int = 1) -> None:
    def alive() -> bool:
        with transaction.reading() as session:
            return len(processes.alive(session)) == count

    wait_until(alive, why="the worker should have said that it is alive")


@both_databases
@pytest.mark.parametrize("command", [WORKER, PLAIN_WORKER], ids=["ours", "plain rq"])
def test_a_worker_carries_out_what_is_rung_for(
    ringing_app, receiver, start, command, redis_url, monkeypatch
):
    # On a busy machine a ring takes longer than it may. A plain worker then waits for the
    # scheduler, which is another test's matter.
    monkeypatch.setattr(bells, "TIMEOUT", 30.0)
    start(command)
    wait_for_ears(redis_url)
    publish_chain(receiver.url)
    instance_id = begin(n=7)

    def done_or_rung_for_again() -> bool:
        asked: dict[str, Any] = {}
        bells.ask(asked, AUTOMATION_QUEUE)  # as the tick does for what is due
        bells.ring_asked(asked)
        return state_of(instance_id) == "COMPLETED"

    # A plain worker imports all anew for each bell.
    wait_until(done_or_rung_for_again, seconds=120, why="the instance should be COMPLETED")

    first, second = receiver.requests
    assert (first.path, first.json) == ("/reserve", {"n": 7})
    assert second.path == "/charge"
    with transaction.reading() as session:
        steps = queries.read_instance(session, instance_id).steps
    assert [step.execution_token for step in steps] == [first.token, second.token]
    assert [step.automation_log[0].outcome for step in steps] == ["succeeded"] * 2
    assert steps[0].output == {"ok": True}


@both_databases
def test_a_job_that_comes_while_others_run_waits_for_none_of_them(ringing_app, receiver, start):
    release = threading.Event()
    receiver.answer = lambda _got: (release.wait(30), (200, {}, b"{}"))[1]
    publish(webhook("reserve", config={"url": receiver.url}))
    start(WORKER, WORKER_THREADS="40", ATTEMPTS_PER_HOST="40", LEASE_SECONDS="15")
    wait_for_worker()

    ids = [begin() for _ in range(40)]
    receiver.wait_for(40, seconds=15)  # none of them ends by itself before 20 s are over

    release.set()
    for instance_id in ids:
        wait_for_state(instance_id, "COMPLETED")


def test_work_goes_on_while_redis_is_away(app, receiver, start):
    """Nothing rings here: the application's bell is silent, the worker looks by itself."""
    start(WORKER)
    publish_chain(receiver.url)

    wait_for_state(begin(n=1), "COMPLETED")


def test_a_plain_worker_that_missed_its_bell_is_rung_by_the_scheduler(app, receiver, start):
    start(PLAIN_WORKER)
    start(SCHEDULER)
    publish_chain(receiver.url)

    wait_for_state(begin(n=1), "COMPLETED")


def test_a_retry_happens_at_its_time(ringing_app, receiver, start):
    start(WORKER)
    receiver.answer = lambda _got: (
        (503, {}, b"down") if len(receiver.requests) < 3 else (200, {}, b"{}")
    )
    retry = {"schedule": [0.2, 0.2]}
    publish(webhook("reserve", config={"url": receiver.url, "retry": retry}))
    instance_id = begin()

    wait_for_state(instance_id, "COMPLETED")

    assert len({got.token for got in receiver.requests}) == 1
    with transaction.reading() as session:
        log = queries.read_instance(session, instance_id).steps[0].automation_log
    assert [attempt.outcome for attempt in log] == ["retry", "retry", "succeeded"]
    assert log[0].error == f"503 Service Unavailable from {receiver.url.removeprefix('http://')}"


def test_a_bell_that_was_heard_leaves_nothing_behind(ringing_app, receiver, start, redis_url):
    start(WORKER)
    publish_chain(receiver.url)
    wait_for_state(begin(n=1), "COMPLETED")

    kept = ("bell:*", "rq:job:*", "rq:queue:*", "rq:wip:*", "rq:failed:*", "rq:finished:*")
    with redis.Redis.from_url(redis_url) as client:
        wait_until(lambda: not any(map(client.keys, kept)), why="nothing should be kept")


def test_a_message_that_is_not_ours_is_dropped_and_harms_nothing(
    ringing_app, receiver, start, redis_url
):
    with redis.Redis.from_url(redis_url) as client:
        messages: tuple[tuple[str, dict[Any, Any]], ...] = (
            ("evil", {"data": b"\x80\x04cos\nsystem\n(S'touch /tmp/pwned'\ntR."}),
            ("other", {"data": b'["os.system", null, ["true"], {}]'}),
            (
                "hooked",
                {
                    "data": b'["workers.tasks.bell", null, ["workflow-automation"], {}]',
                    "success_callback_name": b"os.system",
                },
            ),
        )
        for name, fields in messages:
            client.hset(f"rq:job:{name}", mapping=fields | {"created_at": b"2026-01-01T00:00:00Z"})
            client.rpush("rq:queue:workflow-automation", name)
    start(WORKER)
    publish_chain(receiver.url)

    wait_for_state(begin(n=1), "COMPLETED")


@both_databases
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stopped_worker_ends_its_attempt_and_hands_the_rest_back(
    ringing_app, receiver, start, number
):
    release = threading.Event()
    receiver.answer = lambda _got: (release.wait(30), (200, {}, b"{}"))[1]
    publish(webhook("reserve", config={"url": receiver.url}))
    worker = start(WORKER, WORKER_THREADS="2", ATTEMPTS_PER_HOST="2", LEASE_SECONDS="15")
    wait_for_worker()
    ids = [begin() for _ in range(4)]
    receiver.wait_for(2)

    for _ in range(3):  # platforms signal more than once
        worker.signal(number)
    wait_until(lambda: leased() == 2, why="what was not begun should be handed back at once")
    release.set()

    assert worker.wait(25) == 0
    assert leased() == 0
    with transaction.reading() as session:
        outcomes = session.scalars(select(AutomationExecutionLog.outcome)).all()
    assert outcomes == ["succeeded"] * 2
    assert sorted(state_of(i) for i in ids) == ["COMPLETED"] * 2 + ["RUNNING"] * 2

    start(WORKER)
    for instance_id in ids:
        wait_for_state(instance_id, "COMPLETED")


def test_a_step_that_outlasts_the_stop_is_not_failed_by_it(ringing_app, receiver, start):
    release = threading.Event()
    receiver.answer = lambda _got: (release.wait(60), (200, {}, b"{}"))[1]
    # No attempt may take longer than a stopped worker waits, so this one times out or is cut.
    retry = {"maxAttempts": 2, "schedule": [0.1]}
    publish(webhook("reserve", config={"url": receiver.url, "retry": retry}))
    worker = start(WORKER)
    wait_for_worker()
    instance_id = begin()
    receiver.wait_for(1)

    worker.signal(signal.SIGTERM)
    worker.wait(26)
    release.set()
    start(WORKER)

    wait_for_state(instance_id, "COMPLETED")
    first, second = receiver.wait_for(2)
    assert first.token == second.token
