"""Bells: 'queue Q has work', nothing more. What the work is stands in the database, so a bell
that is lost costs a second at most.

The broker stands behind the small interface `Bell`; RQ is the one implementation, and this the
only module that enqueues.
"""

import logging
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from app import clock
from app.config import Settings

if TYPE_CHECKING:
    from redis import Redis

ASKED = "bells asked for"
RING_SECONDS = 5  # how long one bell stands for all that ring after it
TIMEOUT = 0.05  # seconds for one exchange with Redis; a ring has two
TASK = "workers.tasks.bell"
SCHEDULED_JOBS = "rq:scheduler:scheduled_jobs"  # rq-scheduler's sorted set of due times
log = logging.getLogger(__name__)


class Bell(Protocol):
    """How workers are told, at once or at a time to come. No method may raise."""

    def ring(self, queue: str) -> None: ...

    def ring_at(self, queue: str, at: datetime) -> None: ...

    def forget_ring(self, queue: str) -> None: ...


class NoBell:
    """Workers find the work by looking, which they do each second anyway."""

    def ring(self, queue: str) -> None:
        return

    def ring_at(self, queue: str, at: datetime) -> None:
        return

    def forget_ring(self, queue: str) -> None:
        return


class RqBell:
    """Rings through RQ: a message 'queue Q has work' that wakes a worker on it.

    `SET bell:Q NX` lets one ring stand for all that follow until a worker has heard it. Bells for
    a time to come go into rq-scheduler's sorted set, one per queue and second. Each ring takes a
    tenth of a second at most, and while Redis is away none is tried for a second.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._silent_until = 0.0
        self._connection: Redis | None = None

    def ring(self, queue: str) -> None:
        self._try(lambda redis: self._ring(redis, queue))

    def ring_at(self, queue: str, at: datetime) -> None:
        self._try(lambda redis: self._ring_at(redis, queue, at))

    def forget_ring(self, queue: str) -> None:
        self._try(lambda redis: redis.delete(f"bell:{queue}"))

    def _try(self, ring: Callable[["Redis"], object]) -> None:
        if clock.monotonic() < self._silent_until:
            return
        try:
            ring(self._redis())
        except Exception as error:  # noqa: BLE001
            # Whatever Redis does, what was asked for is committed and will be found.
            self._silent_until = clock.monotonic() + 1.0
            log.warning("The bell could not be rung: %s", error)

    def _redis(self) -> "Redis":
        if self._connection is None:
            from app.redis_client import connect

            self._connection = connect(self._settings, timeout=TIMEOUT)
        return self._connection

    def _ring(self, redis: "Redis", queue: str) -> None:
        if redis.set(f"bell:{queue}", 1, nx=True, ex=RING_SECONDS):
            from rq import Queue
            from rq.serializers import JSONSerializer

            messages = Queue(queue, connection=redis, serializer=JSONSerializer)
            messages.enqueue(TASK, queue, result_ttl=0, failure_ttl=0, ttl=60)

    def _ring_at(self, redis: "Redis", queue: str, at: datetime) -> None:
        from rq.job import Job
        from rq.serializers import JSONSerializer

        # The id names queue and second, so the same bell asked for twice is one entry.
        second = int(at.timestamp())
        message = Job.create(
            TASK,
            args=(queue,),
            id=f"bell-{queue}-{second}",
            origin=queue,
            connection=redis,
            serializer=JSONSerializer,
            result_ttl=0,
            failure_ttl=0,
        )
        message.save()
        redis.zadd(SCHEDULED_JOBS, {message.id: second})


_bell: Bell = NoBell()


def use(bell: Bell) -> None:
    """Let this process ring through `bell`."""
    global _bell
    _bell = bell


def ask(info: dict[Any, Any], queue: str, at: datetime | None = None) -> None:
    """Remember, in a session's `info`, to ring for a queue once its transaction has committed.
    Times to come are rounded up to the second, so that many jobs share one entry."""
    second = None if at is None else -int(-at.timestamp() // 1)
    info.setdefault(ASKED, set()).add((queue, second))


def ring_asked(info: dict[Any, Any]) -> None:
    """Ring for all that was asked for since the last commit."""
    asked: Iterable[tuple[str, int | None]] = info.pop(ASKED, ())
    for queue, second in asked:
        if second is None or second <= clock.now().timestamp():
            _bell.ring(queue)
        else:
            _bell.ring_at(queue, datetime.fromtimestamp(second, clock.now().tzinfo))


def ring(queue: str) -> None:
    """Ring now, for work that is already committed."""
    _bell.ring(queue)


def forget_ring(queue: str) -> None:
    """Heard: from now on the next ring is a message of its own again."""
    _bell.forget_ring(queue)
