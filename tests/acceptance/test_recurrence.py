"""A step that recurs, carried out by real workers, one of which dies in the middle."""

import threading
from collections import Counter
from datetime import timedelta

from app import clock, transaction
from app.domain import queries
from app.schemas.instance import StepOut
from tests.acceptance.test_workers import wait_for_ears, wait_for_state, wait_for_worker
from tests.support.marks import both_databases
from tests.support.processes import SCHEDULER, WORKER
from tests.support.waiting import wait_until
from tests.support.workflows import begin, publish, task, webhook

EACH_SECOND = {"recurrence": {"everySeconds": 1, "count": 3}}


def step_of(instance_id: int) -> StepOut:
    with transaction.reading() as session:
        return queries.read_step(session, instance_id, "bill")


@both_databases
def test_each_occurrence_runs_once_though_one_fails(ringing_app, receiver, start, redis_url):
    answers = iter([(200, {}, b'{"n":1}'), (404, {}, b"{}"), (200, {}, b'{"n":3}')])
    receiver.answer = lambda _got: next(answers)
    start(WORKER)
    start(SCHEDULER)
    wait_for_ears(redis_url)
    publish(webhook("bill", config={"url": receiver.url} | EACH_SECOND))
    instance_id = begin()

    wait_for_state(instance_id, "COMPLETED")

    step = step_of(instance_id)
    log = [(row.occurrence, row.attempt, row.outcome) for row in step.automation_log]
    assert log == [(1, 1, "succeeded"), (2, 1, "failed"), (3, 1, "succeeded")]
    tokens = [row.execution_token for row in step.automation_log]
    assert [got.token for got in receiver.requests] == tokens
    assert len(set(tokens)) == 3
    assert step.output == {"n": 3}


@both_databases
def test_a_worker_that_is_killed_in_an_occurrence_costs_no_other_its_turn(
    ringing_app, receiver, start
):
    """The second occurrence is begun by a worker that dies of it. It goes on under its own token;
    the times that pass meanwhile are passed over."""
    arrived, release = threading.Event(), threading.Event()

    def answer(_got):
        if len(receiver.requests) == 2:
            arrived.set()
            release.wait(60)
        return 200, {}, b"{}"

    receiver.answer = answer
    doomed = start(WORKER)
    wait_for_worker()
    publish(webhook("bill", config={"url": receiver.url} | EACH_SECOND), task("archive", "bill"))
    instance_id = begin()
    assert arrived.wait(60)
    died_at = clock.now()
    doomed.kill()
    release.set()
    wait_until(lambda: clock.now() > died_at + timedelta(seconds=3), why="times should pass")
    start(WORKER)

    receiver.wait_for(4, seconds=60)
    wait_for_end(instance_id)
    step = step_of(instance_id)
    log = [(row.occurrence, row.attempt, row.outcome) for row in step.automation_log]
    assert log == [
        (1, 1, "succeeded"),
        (2, 1, "unknown"),
        (2, 2, "succeeded"),
        (3, 1, "succeeded"),
    ]
    by_occurrence = {row.occurrence: row.execution_token for row in step.automation_log}
    sent = Counter(got.token for got in receiver.requests)
    assert sent == {by_occurrence[1]: 1, by_occurrence[2]: 2, by_occurrence[3]: 1}
    with transaction.reading() as session:
        events, _ = queries.list_events(session, instance_id)
    missed = [event for event in events if event.kind == "step.occurrences_missed"]
    assert missed, "the times that passed while it was lost should be told of"
    assert [event.kind for event in events].count("step.completed") == 1


def wait_for_end(instance_id: int) -> None:
    wait_until(
        lambda: step_of(instance_id).state == "COMPLETED", seconds=60, why="the series should end"
    )
