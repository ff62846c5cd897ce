"""Queues: how each stands, and letting one rest."""

from datetime import timedelta

import pytest

from app import bells, clock, transaction
from app.domain import claims, processes, queues
from app.domain.outcomes import Outcome
from app.errors import Conflict, NotFound
from app.models.vocabulary import AUTOMATION_QUEUE, NOTIFICATION_QUEUE
from tests.support.looking import change, do, look, state_pair
from tests.support.marks import both_databases
from tests.support.workflows import OPERATOR, begin, claim, publish, webhook, work

pytestmark = pytest.mark.usefixtures("app")


def standing(queue: str = AUTOMATION_QUEUE):
    return look(lambda session: queues.read(session, queue))


def rest(reason: str | None = "The receiver is being moved.") -> None:
    change(queues.pause, AUTOMATION_QUEUE, OPERATOR, reason)


def go_on() -> None:
    change(queues.resume, AUTOMATION_QUEUE, OPERATOR, None)


@both_databases
def test_its_numbers_say_what_waits_for_what():
    publish(webhook("send"))
    publish(webhook("send", config={"delay": "PT1H"}), key="later")
    for key in ("order", "order", "order", "later"):
        begin(key)
    held = begin()
    do(held, "pause")
    work(Outcome(verdict="retry", error="503"))  # all that are due
    begin()
    claim(limit=1)
    begin()
    clock.travel(timedelta(seconds=3))
    found = standing()
    assert (found.depth, found.in_flight, found.retrying) == (1, 1, 3)
    assert (found.planned, found.held, found.poisoned) == (1, 1, 0)
    assert found.per_minute == 3
    assert found.oldest_seconds is not None
    assert 3 <= found.oldest_seconds < 60
    assert standing(NOTIFICATION_QUEUE).oldest_seconds is None


@both_databases
def test_nothing_is_taken_from_a_queue_that_rests_and_what_runs_ends():
    publish(webhook("send"))
    running, waiting = begin(), begin()
    claim(limit=1)
    rest()
    assert claim() == []
    with transaction.reading() as session:
        connection = session.connection()
        assert claims.next_due(connection, AUTOMATION_QUEUE) is None
    go_on()
    assert work() == 1
    assert state_pair(waiting, "send") == ("COMPLETED", "COMPLETED")
    assert state_pair(running, "send") == ("READY", "QUEUED")


def test_the_other_queue_goes_on():
    rest()
    assert not standing(NOTIFICATION_QUEUE).paused
    found = standing()
    assert (found.paused, found.paused_by) == (True, OPERATOR)
    assert found.reason == "The receiver is being moved."


@both_databases
def test_a_reason_may_be_as_long_as_people_write_them():
    rest("x" * 2000)
    assert standing().reason == "x" * 2000


def test_resuming_rings_for_what_waits():
    rest()
    with transaction.writing() as session:
        queues.resume(session, AUTOMATION_QUEUE, OPERATOR, None)
        assert AUTOMATION_QUEUE in str(session.info[bells.ASKED])


def test_a_second_pause_and_a_second_resume_are_refused_and_say_who_was_first():
    with pytest.raises(Conflict, match="is not paused"):
        go_on()
    rest()
    with pytest.raises(Conflict, match=r"paused already, by operator@example\.com"):
        rest()


def test_there_are_two_queues_and_no_more():
    with pytest.raises(NotFound, match="workflow-automation and workflow-notifications"):
        change(queues.pause, "default", OPERATOR, None)


def test_a_worker_is_listed_with_what_it_holds():
    publish(webhook("send"))
    instance = begin()
    change(
        processes.say_alive, "worker-1", kind="worker", host="box", pid=7, queue=AUTOMATION_QUEUE
    )
    change(processes.say_alive, "clock-1", kind="scheduler", host="box", pid=8)
    claim()
    change(processes.say_gone, "clock-1")
    worker, gone = look(queues.workers)
    assert (worker.alive, worker.queue, worker.pid) == (True, AUTOMATION_QUEUE, 7)
    assert [(one.instance_id, one.step_key) for one in worker.running] == [(instance, "send")]
    assert (gone.kind, gone.alive, gone.ended) == ("scheduler", False, True)
    clock.travel(timedelta(minutes=1))
    silent = next(one for one in look(queues.workers) if one.kind == "worker")
    assert (silent.alive, silent.ended) == (False, False)
