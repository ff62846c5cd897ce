"""Many schedules and delayed steps that fall due, and what became of them."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import redis
from sqlalchemy import select

from app import clock, transaction
from app.domain import instances, schedules
from app.models import Event, WorkerProcess
from app.schemas.base import zulu
from app.schemas.durations import parse_moment
from app.schemas.instance import InstanceIn
from app.schemas.schedule import ScheduleIn
from tests.support.looking import events_of, look
from tests.support.waiting import wait_until
from tests.support.workflows import AUTHOR, OPERATOR, publish, webhook
from workers.scheduler import RunsheetScheduler

PROMISED = 15.0  # seconds in which what is due starts, whatever happens
LOCK = RunsheetScheduler.scheduler_lock_key
DAY = 86_400  # far enough for a schedule to fire once while one looks


def publish_delayed(url: str, key: str = "delayed") -> None:
    """A template of one webhook that waits for `input.at`."""
    publish(webhook("post", config={"url": url, "runAt": "{{ input.at }}"}), key=key)


def publish_scheduled(url: str, key: str = "scheduled") -> None:
    """A template of one webhook that is sent at once."""
    publish(webhook("post", config={"url": url}), key=key)


def delay_steps(count: int, at: datetime, key: str = "delayed") -> list[int]:
    """Start so many instances whose step is due at this time; returns their ids."""
    wish = InstanceIn.read({"templateKey": key, "input": {"at": zulu(at)}})
    with transaction.writing() as session:
        return instances.start_many(session, [wish] * count, OPERATOR)


def plan_schedules(count: int, at: datetime, key: str = "scheduled") -> list[int]:
    """Schedules that are due at this time, also if it passes while they are written, and a day
    later; returns their ids."""
    document = {"templateKey": key, "everySeconds": DAY, "start": zulu(at)}
    with transaction.writing() as session:
        rows = [
            schedules.create(session, ScheduleIn.read(document | {"name": f"At {n}"}), AUTHOR)
            for n in range(count)
        ]
        for row in rows:
            row.next_at = row.next_fire_at = parse_moment(zulu(at))
        return [row.id for row in rows]


@dataclass
class Fired:
    """How often things started that should start once each, and how late."""

    due: int
    missing: int = 0
    twice: int = 0
    late: list[float] = field(default_factory=list[float])  # seconds

    @classmethod
    def of(cls, wanted: Iterable[Any], starts: Iterable[tuple[Any, float]]) -> "Fired":
        """From what was wanted, and (what, how late) of each start."""
        seen = list(starts)
        times = Counter(what for what, _ in seen)
        all_wanted = set(wanted)
        return cls(
            due=len(all_wanted),
            missing=len(all_wanted - times.keys()),
            twice=sum(count > 1 for count in times.values()),
            late=sorted(late for _, late in seen),
        )

    @property
    def earliest(self) -> float:
        return self.late[0] if self.late else float("nan")

    @property
    def last(self) -> float:
        return self.late[-1] if self.late else float("nan")


def started_by_schedules(schedule_ids: Iterable[int]) -> Fired:
    """What these schedules started, by the histories of the instances, of which each names its
    schedule and its time. (The rows of fires are unique: they could not show a second start.)"""
    wanted = set(schedule_ids)
    query = select(Event.at, Event.data).where(Event.kind == "instance.started")
    with transaction.reading() as session:
        told = [(row.at, row.data or {}) for row in session.execute(query)]
    return Fired.of(
        wanted,
        [
            (data["scheduleId"], (at - parse_moment(data["fireAt"])).total_seconds())
            for at, data in told
            if data.get("scheduleId") in wanted
        ],
    )


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
    def all_fired() -> bool:
        return not started_by_schedules(schedule_ids).missing

    wait_until(all_fired, seconds=60, why="all should have fired")
    return started_by_schedules(schedule_ids)


def assert_as_promised(fired: Fired) -> None:
    assert (fired.missing, fired.twice) == (0, 0)
    assert fired.earliest >= 0
    assert fired.last <= PROMISED


def wait_until_begun(instance_ids: list[int], at: datetime) -> Fired:
    """What became of delayed steps that were due at this time."""

    def found() -> Fired:
        return Fired.of(instance_ids, begins(instance_ids, at))

    wait_until(lambda: not found().missing, seconds=60, why="all steps should have begun")
    return found()


def begins(instance_ids: list[int], at: datetime) -> Iterator[tuple[int, float]]:
    for one in instance_ids:
        for event in events_of(one):
            if event.kind == "step.started":
                yield one, (event.at - at).total_seconds()


def holder(client: redis.Redis) -> int | None:
    """The process that moves bells and does the chores."""
    name = client.get(LOCK)
    return int(name.split(b":")[1]) if isinstance(name, bytes) and b":" in name else None
