"""Many schedules and delayed steps that fall due, and what became of them."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select

from app import transaction
from app.domain import instances, schedules
from app.models import Event
from app.schemas.base import zulu
from app.schemas.durations import parse_moment
from app.schemas.instance import InstanceIn
from app.schemas.schedule import ScheduleIn
from tests.support.workflows import AUTHOR, OPERATOR, publish, webhook

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
    """Schedules that are due at this time and a day later; returns their ids."""
    document = {"templateKey": key, "everySeconds": DAY, "start": zulu(at)}
    with transaction.writing() as session:
        rows = [
            schedules.create(session, ScheduleIn.read(document | {"name": f"At {n}"}), AUTHOR)
            for n in range(count)
        ]
        assert rows[-1].next_at == parse_moment(zulu(at)), "written after they were due"
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
