"""Schedules are fired by real processes, each time once, whoever dies meanwhile."""

import sys
from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import select

from app import clock
from app.models import Schedule, ScheduleFire, WorkflowInstance
from tests.support.looking import change, look
from tests.support.marks import both_databases
from tests.support.processes import SCHEDULER
from tests.support.scheduling import make_schedule
from tests.support.waiting import wait_until
from tests.support.workflows import publish, task

MANY = 250  # more than two batches
TICKER = [
    sys.executable,
    "-c",
    "from workers import fires, process\n"
    "with process.core().app_context():\n"
    "    while fires.fire_due() <= fires.LOCKED_FOR: pass",
]


@pytest.fixture(autouse=True)
def _published(app):
    publish(task("pack"))


def make_many(number=MANY):
    """Schedules that are all due at the present second."""
    due = clock.now().replace(microsecond=0)
    first = make_schedule(everySeconds=3600, start=due.isoformat())

    def multiply(session):
        row = session.get_one(Schedule, first)
        row.next_at = row.next_fire_at = due  # a time of its rule: others would not be fired
        names = [column.key for column in Schedule.__table__.columns if column.key != "id"]
        values = {name: getattr(row, name) for name in names}
        session.add_all(Schedule(**values) for _ in range(number - 1))

    change(multiply)


def fired():
    """How often each schedule has started an instance."""
    query = select(ScheduleFire.schedule_id).where(ScheduleFire.instance_id.is_not(None))
    return Counter(look(lambda session: session.scalars(query).all()))


def instances():
    return len(look(lambda session: session.scalars(select(WorkflowInstance.id)).all()))


def test_a_scheduler_fires_what_comes_due_while_it_runs(app, start):
    start(SCHEDULER)
    begin = clock.now().replace(microsecond=0) + timedelta(seconds=4)
    schedule = make_schedule(everySeconds=60, start=begin.isoformat())
    wait_until(lambda: fired()[schedule] == 1, why="it should fire at its first time")
    assert instances() == 1


@both_databases
def test_three_tickers_at_once_start_each_once(app, start):
    make_many()
    tickers = [start(TICKER) for _ in range(3)]
    assert [ticker.wait(60) for ticker in tickers] == [0, 0, 0]
    assert fired() == dict.fromkeys(range(1, MANY + 1), 1)
    assert instances() == MANY


@both_databases
@pytest.mark.parametrize("point", ["before-fire", "before-fire:2", "after-fire", "after-fire:2"])
def test_a_ticker_that_is_killed_loses_none_and_doubles_none(app, start, point):
    make_many()
    killed = start(TICKER, RUNSHEET_TESTING="1", RUNSHEET_CRASH_AT=point)
    assert killed.wait(60) == -9
    done = sum(fired().values())
    assert done == instances() < MANY
    assert start(TICKER).wait(60) == 0
    assert fired() == dict.fromkeys(range(1, MANY + 1), 1)
    assert instances() == MANY
