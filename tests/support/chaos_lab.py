"""Where chaos is made: a database, a Redis, a receiver that remembers, an application that rings.
Tests make one of their fixtures; `bin/bench chaos` makes its own."""

import math
import threading
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import func, select

from app import bells, clock, create_app, transaction
from app.config import Settings
from app.domain import instances
from app.extensions import db
from app.models import AutomationJob
from app.models.vocabulary import AUTOMATION_QUEUE
from app.schemas.instance import InstanceIn
from tests.conftest import environment, migrate
from tests.support import servers
from tests.support.receiver import Receiver, receiving
from tests.support.workflows import OPERATOR, publish, webhook


@dataclass
class Lab:
    """What an experiment needs. An application context must be pushed."""

    environ: dict[str, str]
    receiver: Receiver
    log: Path  # what all processes say

    def publish(self, key: str = "order") -> None:
        """A template of one webhook whose body names its step."""
        config = {"url": f"{self.receiver.url}/{key}", "body": {"step": "{{ instance.id }}"}}
        publish(webhook("post", config=config), key=key)

    def slow_down(self, seconds: float) -> None:
        """The receiver takes its time."""
        pause = threading.Event()
        self.receiver.answer = lambda _got: (pause.wait(seconds), (200, {}, b"{}"))[1]

    def begin(self, count: int, key: str = "order") -> list[int]:
        """Start so many instances."""
        wish = InstanceIn.read({"templateKey": key})
        with transaction.writing() as session:
            return instances.start_many(session, [wish] * count, OPERATOR)


@contextmanager
def laboratory(folder: Path, database: str, **more: str) -> Iterator[Lab]:
    """A laboratory of one's own on `sqlite` or `postgresql`, or with the DATABASE_URL or REDIS_URL
    that is given."""
    folder.mkdir(parents=True)
    with ExitStack() as stack:
        url = more.get("DATABASE_URL", f"sqlite:///{folder / 'chaos.db'}")
        if database == "postgresql" and "DATABASE_URL" not in more:
            url = stack.enter_context(servers.postgres(folder / "postgres"))
        migrate(url)
        redis_url = more.get("REDIS_URL") or stack.enter_context(
            servers.private_redis(folder / "redis")
        )
        environ = environment(DATABASE_URL=url, REDIS_URL=redis_url) | more
        app = create_app(Settings.load(environ))
        stack.enter_context(app.app_context())
        stack.callback(db.engine.dispose)
        stack.callback(db.session.remove)
        bells.use(bells.RqBell(app.config["SETTINGS"]))
        yield Lab(environ, stack.enter_context(receiving()), folder / "processes.log")


def due_jobs() -> int:
    """How many jobs wait for a worker now."""
    job = AutomationJob
    waiting = select(func.count()).where(
        job.queue == AUTOMATION_QUEUE, job.lease_token.is_(None), job.run_at <= clock.now()
    )
    with transaction.reading() as session:
        return session.scalar(waiting.select_from(job)) or 0


def percentile(values: Iterable[float], part: float) -> float:
    """The smallest value that so large a part does not exceed; NaN of nothing."""
    ordered = sorted(values)
    return ordered[max(math.ceil(len(ordered) * part) - 1, 0)] if ordered else math.nan
