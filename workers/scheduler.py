"""The clock process: `python -m workers.scheduler`.

rq-scheduler moves bells into their queues when they fall due. What it lacks is mended here: one
unreadable entry stops the rest, its lock has no owner and outlives its holder, its loop dies with
Redis. The database is the memory: all that is lost here is precision, never work.
"""

import logging
import os
import signal
import threading
import time
from typing import Any

from redis import Redis
from redis.exceptions import ConnectionError, RedisError, TimeoutError
from rq.job import Job
from rq.queue import Queue
from rq.serializers import JSONSerializer
from rq_scheduler import Scheduler
from sqlalchemy.exc import DBAPIError

from app import clock, logs, memory, transaction
from app.config import Settings
from app.domain import processes
from app.redis_client import connect
from workers import chores, fires, process
from workers.job import RunsheetJob

INTERVAL = 1  # seconds; rq-scheduler's own is 60
MOST_BELLS = 500  # moved in one turn: times are kept however many there are
REDIS_SECONDS = 2.0  # for one exchange: a Redis that hangs delays a turn by no more
LOCK_SECONDS = 10  # so that a second scheduler takes over within 15 s of the first one's death
TICK_EVERY = 5.0
SIGN_OF_LIFE_EVERY = 5.0
log = logging.getLogger("workers.scheduler")  # also where it is the program itself

# Only the holder extends or gives up the lock (compare and set, as Redis documents for locks).
# One that never ends, or too late, was put there by something else: it is let run out as ours do.
_EXTEND = """
if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('expire', KEYS[1], ARGV[2]) end
local left = redis.call('ttl', KEYS[1])
if left < 0 or left > tonumber(ARGV[2]) then redis.call('expire', KEYS[1], ARGV[2]) end
return 0"""
_RELEASE = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end"


class RunsheetScheduler(Scheduler):
    """rq-scheduler with an owned lock, JSON messages, and a guard around each entry."""

    def __init__(self, connection: Redis, name: str) -> None:
        super().__init__(connection=connection, interval=INTERVAL, job_class=RunsheetJob, name=name)
        self._owner = name

    def acquire_lock(self) -> bool:
        """Take the lock, or extend it if it is ours."""
        key = self.scheduler_lock_key
        if self.connection.set(key, self._owner, nx=True, ex=LOCK_SECONDS):
            self._lock_acquired = True
        else:
            ours = self.connection.eval(_EXTEND, 1, key, self._owner, LOCK_SECONDS)
            self._lock_acquired = bool(ours)
        return self._lock_acquired

    def remove_lock(self) -> None:
        """Give the lock up if it is still ours."""
        self.connection.eval(_RELEASE, 1, self.scheduler_lock_key, self._owner)
        self._lock_acquired = False

    def enqueue_jobs(self) -> list[Any]:  # type: ignore[reportIncompatibleMethodOverride]
        """Move what is due into its queue. An entry that can't be read is dropped: the bell it
        stood for is not needed for correctness."""
        now = clock.now().timestamp()
        due = self.connection.zrangebyscore(
            self.scheduled_jobs_key, "-inf", now, start=0, num=MOST_BELLS
        )
        moved = []
        for raw in due:
            try:
                job = RunsheetJob.fetch(raw.decode(), connection=self.connection)
                _refuse_foreign(job)
                self._move(job)
                moved.append(job)
            except (ConnectionError, TimeoutError):
                raise
            except Exception as error:  # noqa: BLE001 - see the docstring
                log.warning("Dropped an unreadable bell %r: %s", raw[:80], error)
                self.connection.zrem(self.scheduled_jobs_key, raw)
        return moved

    def _move(self, job: Job) -> None:
        # Whoever removes the entry moves it, so two schedulers never ring one bell twice.
        if self.connection.zrem(self.scheduled_jobs_key, job.id):
            Queue(
                job.origin,
                connection=self.connection,
                job_class=RunsheetJob,
                serializer=JSONSerializer,
            ).enqueue_job(job)


def _refuse_foreign(job: Job) -> None:
    """Raises if it is not one of our tasks: a worker would only stumble over it later."""
    _ = job.func_name  # what is in a message is read, and checked, when it is first asked for


class Clock:
    """The process around it: rings, ticks, says that it is alive, ends when asked to."""

    def __init__(self, settings: Settings) -> None:
        self.name = process.name()
        self._scheduler = RunsheetScheduler(connect(settings, timeout=REDIS_SECONDS), self.name)
        self._ended = threading.Event()
        self._last_tick = self._last_sign = float("-inf")
        self._next_fire = float(INTERVAL)  # seconds until the next schedule is due

    def stop(self, *_signal: Any) -> None:
        self._ended.set()

    def run(self) -> None:
        """Until asked to stop. Must run in an application context."""
        log.info("Keeping time", extra=logs.facts(name=self.name))
        while not self._ended.is_set():
            began = time.monotonic()
            self._turn()
            left = INTERVAL - (time.monotonic() - began)
            self._ended.wait(max(min(left, self._next_fire), 0.05))
        self._finish()

    def _turn(self) -> None:
        holds_lock = True
        try:
            holds_lock = self._scheduler.acquire_lock()
            if holds_lock:
                self._scheduler.enqueue_jobs()
        except RedisError as error:
            log.warning("Redis does not answer; ticking without it: %s", error)
        # Schedules are the database's: any number of processes may fire them, without that lock.
        try:
            self._keep_time(holds_lock)
        except DBAPIError as error:
            log.warning("The database does not answer: %s", str(error.orig)[:200])

    def _keep_time(self, holds_lock: bool) -> None:
        self._next_fire = fires.fire_due()
        if holds_lock and time.monotonic() - self._last_tick >= TICK_EVERY:
            self._last_tick = time.monotonic()
            chores.tick()
        if time.monotonic() - self._last_sign >= SIGN_OF_LIFE_EVERY:
            self._last_sign = time.monotonic()
            with transaction.writing() as session:
                processes.say_alive(
                    session, self.name, kind="scheduler", host=process.host(), pid=os.getpid()
                )

    def _finish(self) -> None:
        log.info("Ending")
        try:
            self._scheduler.remove_lock()
            with transaction.writing() as session:
                processes.say_gone(session, self.name)
        except (RedisError, DBAPIError) as error:
            log.warning("Ended without saying so: %s", error)


def main() -> None:
    app = process.core()
    logs.set_up("scheduler", app.config["SETTINGS"])
    memory.settle()
    clock = Clock(app.config["SETTINGS"])
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, clock.stop)
    with app.app_context():
        clock.run()


if __name__ == "__main__":
    main()
