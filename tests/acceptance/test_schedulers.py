"""Schedules fire once each, and soon, whatever becomes of schedulers and of clocks.

`bin/bench schedules` asks the same of thousands. The whole of the kills takes minutes:
`WHOLE=1 bin/test <this file>`."""

import os
import signal
from datetime import timedelta

import pytest
import redis

from app.domain import processes
from tests.support.chaos_ticks import Ticks
from tests.support.looking import look
from tests.support.marks import both_databases
from tests.support.processes import SCHEDULER, WORKER
from tests.support.ticking import (
    PROMISED,
    assert_as_promised,
    delay_steps,
    holder,
    in_a_moment,
    plan_schedules,
    publish_delayed,
    publish_scheduled,
    started_by_schedules,
    wait_for_schedulers,
    wait_until_begun,
    wait_until_fired,
)
from tests.support.waiting import wait_until
from workers.failpoints import BEFORE_FIRE

KILLS = 100 if os.environ.get("WHOLE") else 8


@both_databases
def test_schedulers_that_die_between_insert_and_commit_miss_nothing_and_fire_nothing_twice(lab):
    ticks = Ticks(lab, KILLS)

    fired = ticks.run()

    assert ticks.deaths[BEFORE_FIRE] >= KILLS
    assert fired.due == len(ticks.planned) > 0
    assert (fired.missing, fired.twice) == (0, 0)
    assert fired.earliest >= 0


@both_databases
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_second_scheduler_goes_on_when_the_first_is_gone(lab, start, redis_url, how):
    publish_scheduled(lab.receiver.url)
    first = start(SCHEDULER)
    wait_for_schedulers(1)
    start(SCHEDULER)
    wait_for_schedulers(2)
    with redis.Redis.from_url(redis_url) as client:
        wait_until(lambda: holder(client) == first.pid, why="the first should hold the lock")
        planned = [plan_schedules(1, in_a_moment(after)) for after in range(1, 20, 3)]

        first.signal(how)

        fired = wait_until_fired([one for some in planned for one in some])
        assert_as_promised(fired)
        wait_until(
            lambda: holder(client) not in (None, first.pid),
            seconds=PROMISED,
            why="the second should have taken the lock, and rung and ticked since",
        )


@both_databases
def test_a_worker_fires_within_fifteen_seconds_of_the_only_schedulers_death(lab, start):
    publish_scheduled(lab.receiver.url)
    worker = start(WORKER)
    scheduler = start(SCHEDULER)
    wait_for_schedulers(1)
    (before,) = plan_schedules(1, in_a_moment(16))  # a worker that just began waits for others
    wait_until_fired([before])

    scheduler.kill()
    planned = plan_schedules(3, in_a_moment(0.2))

    assert_as_promised(wait_until_fired(planned))
    assert "standing in" in worker.log.read_text()


# On SQLite everything runs on one machine, whose clock is the database's.
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize("off", [300, -300])
def test_processes_whose_clock_is_five_minutes_off_start_nothing_early_and_nothing_twice(
    lab, start, off
):
    publish_scheduled(lab.receiver.url)
    publish_delayed(lab.receiver.url)
    wrong = {"RUNSHEET_TESTING": "1", "RUNSHEET_CLOCK_OFF": str(off)}
    clock, worker = start(SCHEDULER, **wrong), start(WORKER, **wrong)
    start(SCHEDULER)
    start(WORKER)
    wait_for_schedulers(2)
    at = in_a_moment()
    steps, schedules = delay_steps(20, at), plan_schedules(20, at)
    later = plan_schedules(5, at + timedelta(minutes=5))

    assert_as_promised(wait_until_fired(schedules))
    assert_as_promised(wait_until_begun(steps, at))
    lab.receiver.wait_for(40)
    assert len({got.token for got in lab.receiver.requests}) == 40
    assert started_by_schedules(later).missing == 5

    told = {
        (wrong.kind, int(wrong.process.split(":")[1]), round(wrong.seconds, -1))
        for wrong in look(processes.clocks_off)
    }
    assert told == {("scheduler", clock.pid, off), ("worker", worker.pid, off)}
