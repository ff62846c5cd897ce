"""Schedulers that die between writing a fire and its commit, while schedules keep falling due."""

import itertools
import random
import signal
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy import func, select

from app import clock, transaction
from app.models import ScheduleFire
from tests.support.chaos_lab import Lab
from tests.support.processes import SCHEDULER, Process
from tests.support.ticking import Fired, plan_schedules, publish_scheduled, started_by_schedules
from workers.failpoints import AFTER_FIRE, BEFORE_FIRE

AT_ONCE = 5  # schedules that are due in the same moment
SOON = timedelta(seconds=2)
# Nearly all between insert and commit; now and then just after it.
_POINTS = [BEFORE_FIRE] * 5 + [AFTER_FIRE]


class Ticker(Process):
    """A scheduler that dies at a failpoint (None: it does not)."""

    def __init__(self, lab: Lab, point: str | None, nth: int) -> None:
        self.point = point
        armed = {} if point is None else {"RUNSHEET_CRASH_AT": f"{point}:{nth}"}
        super().__init__(SCHEDULER, {**lab.environ, "RUNSHEET_TESTING": "1", **armed}, lab.log)


@dataclass
class Ticks:
    """A campaign: `size` schedulers at once, each of which dies and is replaced until `kills` died
    before their commit; then one that lives fires what is left."""

    lab: Lab
    kills: int
    size: int = 3
    seconds: float = 900.0  # by then it is over, one way or the other
    deaths: Counter[str] = field(default_factory=Counter[str])
    planned: list[int] = field(default_factory=list[int])
    _crew: list[Ticker] = field(default_factory=list[Ticker])
    _points: Iterator[str] = field(default_factory=lambda: itertools.cycle(_POINTS))
    _dice: random.Random = field(default_factory=lambda: random.Random(7))

    def run(self) -> Fired:
        """What became of the schedules."""
        publish_scheduled(self.lab.receiver.url)
        pause, until = threading.Event(), clock.monotonic() + self.seconds
        try:
            while not (self._is_enough() and self._fired() >= len(self.planned)):
                assert clock.monotonic() < until, f"not within {self.seconds} s; see {self.lab.log}"
                self._bury()
                self._hire()
                self._feed()
                pause.wait(0.05)
        finally:
            for ticker in self._crew:
                ticker.end()
        return started_by_schedules(self.planned)

    def _is_enough(self) -> bool:
        return self.deaths[BEFORE_FIRE] >= self.kills

    def _bury(self) -> None:
        for ticker in [one for one in self._crew if one.popen.poll() is not None]:
            code = ticker.popen.returncode
            assert ticker.point and code == -signal.SIGKILL, (
                f"a scheduler ended by itself ({code}); see {self.lab.log}"
            )
            self._crew.remove(ticker)
            self.deaths[ticker.point] += 1

    def _hire(self) -> None:
        if self._is_enough():
            if all(ticker.point for ticker in self._crew):
                self._crew.append(Ticker(self.lab, None, 0))
        elif len(self._crew) < self.size:
            self._crew.append(Ticker(self.lab, next(self._points), self._dice.randint(1, 2)))

    def _feed(self) -> None:
        """Something is always due, and never so much that one who lives could not fire it."""
        if not self._is_enough() and len(self.planned) - self._fired() < AT_ONCE * self.size:
            self.planned += plan_schedules(AT_ONCE, clock.now() + SOON)

    def _fired(self) -> int:
        with transaction.reading() as session:
            return session.scalar(select(func.count()).select_from(ScheduleFire)) or 0
