"""Workers whose Redis is not there, or not there yet."""

import signal
from pathlib import Path

import pytest
from redis import Redis

from app import bells
from app.config import Settings
from app.models.vocabulary import AUTOMATION_QUEUE
from devtools.ports import free_port
from tests.acceptance.test_workers import publish_chain, wait_for_state, wait_for_worker
from tests.support import servers
from tests.support.processes import WORKER
from tests.support.waiting import wait_until
from tests.support.workflows import begin


@pytest.fixture
def later() -> int:
    """The port on which a Redis will be."""
    return free_port()


def url_of(port: int) -> str:
    return f"redis://:runsheet@127.0.0.1:{port}/0"


def test_a_worker_that_is_started_while_redis_is_away_works_and_hears_bells_once_it_is_back(
    app, environ, receiver, start, later, tmp_path: Path
):
    worker = start(WORKER, REDIS_URL=url_of(later))
    publish_chain(receiver.url)

    wait_for_state(begin(n=1), "COMPLETED")

    (tmp_path / "redis").mkdir()
    with servers.private_redis(tmp_path / "redis", later) as url, Redis.from_url(url) as client:
        bells.use(bells.RqBell(Settings.load(environ | {"REDIS_URL": url})))
        wait_until(lambda: client.smembers("rq:workers"), why="the worker should listen")
        wait_for_state(begin(n=2), "COMPLETED")
        wait_until_heard(client)
    assert worker.popen.poll() is None


def wait_until_heard(client: Redis) -> None:
    """Whoever hears a bell takes its message."""
    queue = f"rq:queue:{AUTOMATION_QUEUE}"
    wait_until(lambda: not client.exists(queue), why="the bell should be heard")


def test_a_worker_that_redis_still_has_in_its_books_hears_bells_again(
    ringing_app, redis_url, receiver, start
):
    """It stumbled where it could not even sign off: Redis took no writes for a while."""
    start(WORKER)
    with Redis.from_url(redis_url) as client:
        wait_until(lambda: client.smembers("rq:workers"), why="the worker should listen")
        (known,) = client.smembers("rq:workers")
        data = f'["workers.tasks.bell", null, ["{AUTOMATION_QUEUE}"], {{}}]'
        message = {"data": data, "created_at": "2026-01-01T00:00:00Z", "origin": AUTOMATION_QUEUE}
        try:
            with client.pipeline() as together:
                together.hset("rq:job:ring", mapping=message)  # type: ignore[arg-type]
                together.rpush(f"rq:queue:{AUTOMATION_QUEUE}", "ring")
                together.config_set("maxmemory", "1")
                together.execute()
            wait_until(lambda: not client.exists(known), why="it should try to sign on anew")
        finally:
            client.config_set("maxmemory", "0")

        wait_until(lambda: client.exists(known), why="it should have signed on again")
        publish_chain(receiver.url)
        wait_for_state(begin(n=1), "COMPLETED")
        wait_until_heard(client)


def test_a_worker_without_redis_ends_in_good_order_when_it_is_asked_to(app, start, later):
    worker = start(WORKER, REDIS_URL=url_of(later))
    wait_for_worker()

    worker.signal(signal.SIGTERM)

    assert worker.wait(25) == 0
