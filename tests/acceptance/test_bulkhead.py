"""One dead host beside a healthy one, with one real worker: the healthy one's steps complete."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import func, select

from app import transaction
from app.domain import instances
from app.models import AutomationExecutionLog, AutomationJob, Event, WorkflowTemplate
from app.models import WorkflowInstance as Instance
from app.models import WorkflowInstanceStep as Step
from app.schemas.instance import InstanceIn
from tests.support import dead_hosts
from tests.support.dead_hosts import DeadHost
from tests.support.marks import both_databases
from tests.support.processes import WORKER
from tests.support.receiver import receiving
from tests.support.waiting import wait_until
from tests.support.workflows import OPERATOR, publish, webhook

THREADS, LIMIT = "8", 6  # three quarters


@pytest.fixture(params=["silent", "black_hole", "refusing"])
def dead(request: pytest.FixtureRequest) -> Iterator[DeadHost]:
    with getattr(dead_hosts, request.param)() as host:
        yield host


def publish_post(key: str, url: str) -> None:
    publish(webhook("post", config={"url": url}), key=key)


def start_many(key: str, count: int, **input: str) -> None:
    wish = InstanceIn.read({"templateKey": key, "input": input})
    with transaction.writing() as session:
        instances.start_many(session, [wish] * count, OPERATOR)


def count_of(key: str, *conditions, of: Any = Instance) -> int:
    """Rows of the instances of a template."""
    query = select(func.count()).select_from(Instance).join(Instance.template)
    if of is not Instance:
        query = query.join(of, of.instance_id == Instance.id)
    with transaction.reading() as session:
        return session.scalar(query.where(WorkflowTemplate.key == key, *conditions)) or 0


def ids_of(key: str, *conditions) -> list[int]:
    """Instances of a template whose step is so."""
    query = select(Step.instance_id).join(Step.instance).join(Instance.template)
    with transaction.reading() as session:
        return [*session.scalars(query.where(WorkflowTemplate.key == key, *conditions))]


def attempts_of(instance_ids: list[int]) -> int:
    log = AutomationExecutionLog
    query = select(func.count()).select_from(log).join(Step, Step.id == log.step_id)
    with transaction.reading() as session:
        return session.scalar(query.where(Step.instance_id.in_(instance_ids))) or 0


def wait_for_all(key: str, count: int) -> None:
    wait_until(
        lambda: count_of(key, Instance.state == "COMPLETED") == count,
        seconds=60,
        why=f"all of {key} should complete",
    )


def test_a_dead_host_keeps_no_other_from_being_served(app, receiver, start, dead):
    publish_post("dead", dead.url)
    publish_post("healthy", receiver.url)
    start_many("dead", 200)
    start_many("healthy", 50)
    start(WORKER, WORKER_THREADS=THREADS)

    wait_for_all("healthy", 50)

    assert count_of("dead", Instance.state == "RUNNING") == 200
    assert len(receiver.requests) == 50
    assert dead.most <= LIMIT


@both_databases
def test_what_waits_for_a_full_host_leaves_no_trace(app, receiver, start):
    with dead_hosts.silent() as dead:
        publish_post("dead", dead.url)
        publish_post("healthy", receiver.url)
        start_many("dead", 40)
        start_many("healthy", 50)
        events_each = count_of("dead", of=Event) // 40
        start(WORKER, WORKER_THREADS=THREADS)
        wait_for_all("healthy", 50)

        assert dead.most == LIMIT
        assert count_of("dead", Step.action_state == "RUNNING", of=Step) <= LIMIT
        waiting = ids_of("dead", Step.action_state == "QUEUED", Step.attempts == 0)
        assert len(waiting) >= 20
        events = count_of("dead", Event.instance_id.in_(waiting), of=Event)
        assert events == events_each * len(waiting)
        assert attempts_of(waiting) == 0
        wait_until(
            lambda: (
                count_of("dead", AutomationJob.lease_token.is_not(None), of=AutomationJob) <= LIMIT
            ),
            why="what waits should be free for other workers",
        )


@both_databases
def test_a_dead_host_that_stands_in_the_input_is_found_out(app, receiver, start):
    with dead_hosts.silent() as dead:
        publish_post("dead", dead.url.replace("127.0.0.1", "{{ input.host }}"))
        publish_post("healthy", receiver.url)
        start_many("dead", 200, host="127.0.0.1")
        start_many("healthy", 50)
        start(WORKER, WORKER_THREADS=THREADS)

        wait_for_all("healthy", 50)

        assert dead.most == LIMIT


def test_a_fast_host_that_dies_does_not_take_the_worker_with_it(app, receiver, start):
    """Until then it was held without limit."""
    dies = threading.Event()
    lasts = threading.Event()

    def answer(_got):
        if dies.is_set():
            lasts.wait(60)
        elif len(receiver.requests) >= 300:
            dies.set()
        return 200, {}, b"{}"

    receiver.answer = answer
    with receiving() as healthy:
        publish_post("dying", receiver.url)
        publish_post("healthy", healthy.url)
        start_many("dying", 900)
        start_many("healthy", 50)
        start(WORKER, WORKER_THREADS=THREADS)

        wait_for_all("healthy", 50)

        assert dies.is_set()
        assert count_of("dying", Step.action_state == "RUNNING", of=Step) <= LIMIT
        lasts.set()
