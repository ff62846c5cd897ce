"""Work that goes on while Redis or PostgreSQL is taken away and brought back."""

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import requests
from rq import Queue
from rq.serializers import JSONSerializer
from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError

from app import bells, clock, transaction
from app.models import WorkflowInstance
from app.models.vocabulary import AUTOMATION_QUEUE
from tests.support import chaos
from tests.support.chaos_lab import Lab
from tests.support.outages import PostgresServer, RedisServer
from tests.support.outages_console import Console
from tests.support.waiting import wait_until

PROBLEM = "application/problem+json"


def wait_until_done(seconds: float = 120) -> None:
    wait_until(
        lambda: chaos.open_instances() == 0, seconds=seconds, every=0.1, why="all should complete"
    )


def completed() -> int:
    """How many instances are COMPLETED; -1 while the database does not say."""
    done = select(func.count()).where(WorkflowInstance.state == "COMPLETED")
    try:
        with transaction.reading() as session:
            return session.scalar(done.select_from(WorkflowInstance)) or 0
    except DBAPIError:
        return -1


def is_completed(instance_id: int) -> bool:
    with transaction.reading() as session:
        return session.get_one(WorkflowInstance, instance_id).state == "COMPLETED"


@dataclass
class RedisOutage:
    """Redis is killed for `seconds` in mid-work and comes back empty; later once more, and comes
    back with what it held before all that."""

    lab: Lab
    console: Console
    redis: RedisServer
    seconds: float
    steps: int = 0
    done_meanwhile: int = 0
    resumed_after: float = 0.0  # how long a step took at most as Redis went, and as it came back
    reads: Counter[int] = field(default_factory=Counter[int])  # what the API said meanwhile

    def run(self) -> chaos.Account:
        self.lab.publish()
        self.lab.slow_down(0.05)
        first = self._begin(40)
        self._path = f"/api/workflows/instances/{first[0]}"
        self.redis.keep_dump()
        self._outage()
        self.redis.start()
        self._expect_ears()
        self._outage()
        self.redis.start(from_old_dump=True)
        self._expect_ears()
        wait_until_done()
        return chaos.account(self.lab.receiver)

    def _begin(self, count: int) -> list[int]:
        begun = self.lab.begin(count)
        self.steps += len(begun)
        return begun

    def _expect_work(self) -> None:
        """What is begun now is completed; how soon is written down."""
        (one,) = self._begin(1)
        begun_at = clock.monotonic()
        wait_until(lambda: is_completed(one), seconds=60, why="work should go on")
        self.resumed_after = max(self.resumed_after, clock.monotonic() - begun_at)

    def _outage(self) -> None:
        """Taken away with work in flight; what comes meanwhile is done meanwhile."""
        self._begin(40)
        self.redis.stop()
        until = clock.monotonic() + self.seconds
        self._expect_work()
        while True:
            answer = self.console.start_instance()
            assert answer.status_code == 201, answer.text
            self.steps += 1
            self.reads[self.console.get(self._path).status_code] += 1
            self._begin(5)
            wait_until_done()
            self.done_meanwhile += 6
            assert self.console.lives(), f"a process ended; see {self.lab.log}"
            if clock.monotonic() > until:
                return
            threading.Event().wait(min(1.0, self.seconds / 4))

    def _expect_ears(self) -> None:
        """Workers take the messages of bells again, and steps complete."""
        self._expect_work()
        with self.redis.client() as client:
            messages = Queue(AUTOMATION_QUEUE, connection=client, serializer=JSONSerializer)
            bell = messages.enqueue(bells.TASK, AUTOMATION_QUEUE, result_ttl=0, failure_ttl=0)
            # Only whoever has heard a message deletes it.
            wait_until(
                lambda: not client.exists(bell.key), seconds=60, why="the bell should be heard"
            )
        self._begin(10)
        wait_until_done()
        assert self.console.lives(), f"a process ended; see {self.lab.log}"


@dataclass
class PostgresOutage:
    """PostgreSQL is away for `seconds` in mid-work, by one of three ways to be away."""

    lab: Lab
    console: Console
    postgres: PostgresServer
    how: str  # fast, immediate, freeze
    seconds: float
    steps: int = 120
    resumed_after: float = 0.0
    answers: Counter[str] = field(default_factory=Counter[str])  # what the API said meanwhile

    def run(self) -> chaos.Account:
        self.lab.publish()
        self.lab.slow_down(0.3)
        first = self.lab.begin(self.steps)
        self.lab.receiver.wait_for(20)
        self._path = f"/api/workflows/instances/{first[0]}"
        self._away()
        self._read_meanwhile()
        self._back()
        before = completed()
        wait_until(lambda: completed() > before, seconds=60, why="work should go on")
        self.resumed_after = clock.monotonic() - self._returned_at
        wait_until(lambda: self.console.get(self._path).ok, why="the API should read again")
        wait_until_done()
        assert self.console.lives(), f"a process ended; see {self.lab.log}"
        return chaos.account(self.lab.receiver)

    def _away(self) -> None:
        if self.how == "freeze":
            self.postgres.freeze()
        else:
            self.postgres.stop(self.how)

    def _back(self) -> None:
        if self.how != "freeze":
            self.postgres.start()
            self._returned_at = clock.monotonic()
        wait_until(lambda: completed() >= 0, seconds=30, why="the database should answer again")

    def _read_meanwhile(self) -> None:
        """The API answers, with an answer or with a problem, and pages likewise."""
        until = clock.monotonic() + self.seconds
        readers: list[Callable[[], None]] = [self._read_api, self._read_page, self._read_health]
        threads = [threading.Thread(target=self._again_until, args=(r, until)) for r in readers]
        for thread in threads:
            thread.start()
        threading.Event().wait(self.seconds)
        if self.how == "freeze":  # an answer may be waiting for it
            self.postgres.thaw()
            self._returned_at = clock.monotonic()
        for thread in threads:
            thread.join()

    def _again_until(self, read: Callable[[], None], until: float) -> None:
        while clock.monotonic() < until:
            try:
                read()
            except requests.RequestException as error:
                self.answers[f"{read.__name__}: {type(error).__name__}"] += 1
            threading.Event().wait(0.5)

    def _read_api(self) -> None:
        answer = self.console.get(self._path)
        known = answer.ok or answer.headers["Content-Type"].startswith(PROBLEM)
        self.answers[f"api {answer.status_code}" if known else f"unreadable: {answer.text}"] += 1

    def _read_page(self) -> None:
        self.answers[f"page {self.console.get('/sign-in').status_code}"] += 1

    def _read_health(self) -> None:
        self.answers[f"healthz {self.console.get('/healthz').status_code}"] += 1
