"""Schedules fire once each, and soon, whatever becomes of schedulers, Redis and clocks.

`bin/bench schedules` asks the same of thousands. The whole of the kills takes minutes:
`WHOLE=1 bin/test <this file>`."""

import os
import pickle
import signal
from collections.abc import Iterator
from contextlib import nullcontext
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import redis
from sqlalchemy import select

from app import clock
from app.bells import SCHEDULED_JOBS
from app.models import WorkerProcess
from app.models.vocabulary import AUTOMATION_QUEUE
from tests.support.chaos_lab import Lab
from tests.support.chaos_ticks import Ticks
from tests.support.looking import events_of, look
from tests.support.marks import both_databases
from tests.support.outages import RedisServer, redis_that_can_go
from tests.support.processes import SCHEDULER, WORKER
from tests.support.ticking import (
    Fired,
    delay_steps,
    plan_schedules,
    publish_delayed,
    publish_scheduled,
    started_by_schedules,
)
from tests.support.waiting import wait_until
from workers.failpoints import BEFORE_FIRE
from workers.scheduler import RunsheetScheduler

KILLS = 100 if os.environ.get("WHOLE") else 8
PROMISED = 15.0  # seconds in which what is due starts, whatever happens
LOCK = RunsheetScheduler.scheduler_lock_key


def in_a_moment(seconds: float = 4.0) -> datetime:
    """Soon, in whole milliseconds, as times are written."""
    at = clock.now() + timedelta(seconds=seconds)
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


def wait_for_schedulers(count: int) -> None:
    def alive() -> bool:
        row = WorkerProcess
        rows = look(lambda session: session.scalars(select(row.kind)).all())
        return rows.count("scheduler") == count

    wait_until(alive, seconds=60, why=f"{count} schedulers should be up")


def wait_until_fired(schedule_ids: list[int]) -> Fired:
    def fired() -> Fired | None:
        found = started_by_schedules(schedule_ids)
        return None if found.missing else found

    return wait_until(fired, seconds=60, why="all should have fired")


def assert_as_promised(fired: Fired) -> None:
    assert (fired.missing, fired.twice) == (0, 0)
    assert fired.earliest >= 0
    assert fired.last <= PROMISED


@pytest.fixture
def lab(ringing_app, environ, receiver, tmp_path) -> Lab:
    return Lab(environ, receiver, tmp_path / "processes.log")


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


def holder(client: redis.Redis) -> int | None:
    """The process that moves bells and does the chores."""
    name = client.get(LOCK)
    return int(name.split(b":")[1]) if isinstance(name, bytes) and b":" in name else None


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


@both_databases
def test_redis_may_forget_all_bells_and_everything_starts_at_its_time(lab, start, redis_url):
    publish_scheduled(lab.receiver.url)
    publish_delayed(lab.receiver.url)
    start(SCHEDULER)
    start(WORKER)
    wait_for_schedulers(1)
    at = in_a_moment(4)
    steps, schedules = delay_steps(5, at), plan_schedules(5, at)

    with redis.Redis.from_url(redis_url) as client:
        assert client.zcard(SCHEDULED_JOBS) == 1
        client.flushall()

    assert_as_promised(wait_until_fired(schedules))
    assert_as_promised(wait_until_begun(steps, at))


def wait_until_begun(instance_ids: list[int], at: datetime) -> Fired:
    """What became of delayed steps that were due at this time."""

    def begun() -> Fired | None:
        found = Fired.of(instance_ids, begins(instance_ids, at))
        return None if found.missing else found

    return wait_until(begun, seconds=60, why="all steps should have begun")


def begins(instance_ids: list[int], at: datetime) -> Iterator[tuple[int, float]]:
    for one in instance_ids:
        for event in events_of(one):
            if event.kind == "step.started":
                yield one, (event.at - at).total_seconds()


@pytest.fixture
def leaving_redis(tmp_path: Path) -> Iterator[RedisServer]:
    (tmp_path / "redis").mkdir()
    with redis_that_can_go(tmp_path / "redis") as server:
        yield server


@both_databases
@pytest.mark.parametrize("how", ["killed", "frozen"])
def test_everything_starts_at_its_time_while_redis_is_away(lab, start, leaving_redis, how):
    publish_scheduled(lab.receiver.url)
    publish_delayed(lab.receiver.url)
    start(SCHEDULER, REDIS_URL=leaving_redis.url)
    start(WORKER, REDIS_URL=leaving_redis.url)
    wait_for_schedulers(1)
    at = in_a_moment()
    steps, schedules = delay_steps(5, at), plan_schedules(5, at)

    with leaving_redis.frozen() if how == "frozen" else nullcontext():
        if how == "killed":
            leaving_redis.stop()

        assert_as_promised(wait_until_fired(schedules))
        assert_as_promised(wait_until_begun(steps, at))


UNKNOWN = b'["os.system", null, ["true"], {}]'
OURS = b'["workers.tasks.bell", null, ["workflow-automation"], {}]'
HASH = {"origin": AUTOMATION_QUEUE, "created_at": "2026-01-01T00:00:00Z"}


def put_poison(client: redis.Redis) -> None:
    """What hands, or others' programs, may leave in rq-scheduler's keys."""
    ids = b"\xff\xfe raw,none,empty,list,text,pickle,unknown,callback,times,queue".split(b",")
    client.hset("rq:job:empty", "data", b"")
    client.rpush("rq:job:list", "x")
    client.set("rq:job:text", "x")
    for name, data, more in (
        ("pickle", pickle.dumps(("os.system", None, ("true",), {})), {}),
        ("unknown", UNKNOWN, {}),
        ("callback", OURS, {"success_callback_name": "os.abort"}),
        ("times", OURS, {"created_at": "lunch", "timeout": "never"}),
        ("queue", OURS, {"origin": ""}),
    ):
        client.hset(f"rq:job:{name}", mapping={"data": data, **HASH, **more})
    client.zadd(SCHEDULED_JOBS, {one: number for number, one in enumerate(ids)})
    client.zadd(SCHEDULED_JOBS, {b"before all time": "-inf"})


@both_databases
def test_poison_in_rq_schedulers_keys_delays_nothing_and_is_swept_away(lab, start, redis_url):
    publish_scheduled(lab.receiver.url)
    publish_delayed(lab.receiver.url)
    with redis.Redis.from_url(redis_url) as client:
        put_poison(client)
        client.set(LOCK, "a lock that nobody holds and that never ends")
        scheduler, worker = start(SCHEDULER), start(WORKER)
        wait_for_schedulers(1)
        at = in_a_moment()
        steps, schedules = delay_steps(5, at), plan_schedules(5, at)

        assert_as_promised(wait_until_fired(schedules))
        assert_as_promised(wait_until_begun(steps, at))
        wait_until(
            lambda: holder(client) == scheduler.pid,
            seconds=PROMISED,
            why="the lock should have run out",
        )
        wait_until(lambda: not client.zcard(SCHEDULED_JOBS), why="bells and poison should be gone")
    assert scheduler.popen.poll() is None
    assert worker.popen.poll() is None


@both_databases
@pytest.mark.parametrize("key", [LOCK, SCHEDULED_JOBS])
def test_a_key_of_another_type_in_the_place_of_rq_schedulers_delays_nothing(
    lab, start, redis_url, key
):
    publish_scheduled(lab.receiver.url)
    publish_delayed(lab.receiver.url)
    with redis.Redis.from_url(redis_url) as client:
        client.hset(key, "not", "yours")
    start(SCHEDULER)
    start(WORKER)
    wait_for_schedulers(1)
    at = in_a_moment()
    steps, schedules = delay_steps(5, at), plan_schedules(5, at)

    assert_as_promised(wait_until_fired(schedules))
    assert_as_promised(wait_until_begun(steps, at))


# On SQLite everything runs on one machine, whose clock is the database's.
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize("off", [300, -300])
def test_processes_whose_clock_is_five_minutes_off_start_nothing_early_and_nothing_twice(
    app, lab, start, off
):
    publish_scheduled(lab.receiver.url)
    publish_delayed(lab.receiver.url)
    wrong = {"RUNSHEET_TESTING": "1", "RUNSHEET_CLOCK_OFF": str(off)}
    processes = [start(SCHEDULER, **wrong), start(WORKER, **wrong), start(SCHEDULER), start(WORKER)]
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
        (one["kind"], int(one["process"].split(":")[1]), round(one["seconds"] / 10) * 10)
        for one in app.test_client().get("/readyz").json["checks"]["clocks"]["off"]
    }
    assert told == {("scheduler", processes[0].pid, off), ("worker", processes[1].pid, off)}
