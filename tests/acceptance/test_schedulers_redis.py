"""Everything starts at its time, whatever becomes of Redis and whatever lies in it."""

import pickle
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest
import redis

from app.bells import SCHEDULED_JOBS
from app.models.vocabulary import AUTOMATION_QUEUE
from tests.support.marks import both_databases
from tests.support.outages import RedisServer, redis_that_can_go
from tests.support.processes import SCHEDULER, WORKER
from tests.support.ticking import (
    LOCK,
    PROMISED,
    assert_as_promised,
    delay_steps,
    holder,
    in_a_moment,
    plan_schedules,
    publish_delayed,
    publish_scheduled,
    wait_for_schedulers,
    wait_until_begun,
    wait_until_fired,
)
from tests.support.waiting import wait_until


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
