"""At most so many attempts at once per destination host and worker, so that one slow or dead host
never holds all threads.

Pure counting, no lock and no clock: the crew asks under its own lock. What else will stand between
a claim and its attempt belongs here, before `may_begin`: the circuit breaker (a host that failed
long enough is not tried at all, except by one probe), and with it the page of destinations and
their health, the disabling of addresses that are gone, and webhooks that answer later and hold no
thread meanwhile. Until then, several hosts that die at once share all threads among themselves.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from app.domain.claims import Claim

FAST = 0.05  # seconds; whose mean run time is below may be held without limit
REMEMBERED = 1000  # destinations whose run times are kept in mind


@dataclass(slots=True)
class _Lane:
    """One destination."""

    held: int = 0  # claimed and not yet carried out: waiting for a thread, or running
    running: int = 0
    mean: float = FAST * 2  # seconds an attempt took of late; slow until known better

    @property
    def is_fast(self) -> bool:
        return self.mean < FAST


class Bulkhead:
    """Counts, per destination, what is held and what runs. Jobs without a destination go nowhere,
    and are never limited."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._lanes: dict[str, _Lane] = {}

    def running(self, destination: str) -> int:
        lane = self._lanes.get(destination)
        return lane.running if lane else 0

    def held(self, destination: str) -> int:
        lane = self._lanes.get(destination)
        return lane.held if lane else 0

    def running_slowly(self) -> int:
        """How many attempts run that may hold their threads for long."""
        return sum(lane.running for lane in self._lanes.values() if not lane.is_fast)

    def full(self) -> list[str]:
        """Destinations of which no more is to be claimed now."""
        return [name for name in self._lanes if not self._room(name)]

    def fitting(self, claims: Iterable[Claim]) -> tuple[list[Claim], list[Claim]]:
        """Of claims in the order of their age, those that may be held, and those beyond. Holds
        none of them yet."""
        fit: list[Claim] = []
        beyond: list[Claim] = []
        taken: Counter[str] = Counter()
        for claim in claims:
            name = claim.destination
            if name is None or self._room(name, taken[name]):
                fit.append(claim)
                taken[name or ""] += 1
            else:
                beyond.append(claim)
        return fit, beyond

    def hold(self, destination: str | None) -> None:
        """A claim of this destination is in the crew's hands."""
        if destination is not None:
            if len(self._lanes) >= REMEMBERED:
                self._forget_idle()
            self._lanes.setdefault(destination, _Lane()).held += 1

    def release(self, destination: str | None) -> None:
        """It was handed back without having begun."""
        if destination is not None:
            self._lanes[destination].held -= 1

    def may_begin(self, destination: str | None) -> bool:
        """Whether a thread may begin an attempt now. Strict, however fast the destination is."""
        return destination is None or self._lanes[destination].running < self._limit

    def begin(self, destination: str | None) -> None:
        if destination is not None:
            self._lanes[destination].running += 1

    def end(self, destination: str | None, seconds: float) -> None:
        """The attempt took so long; what was held for it is released."""
        if destination is None:
            return
        lane = self._lanes[destination]
        lane.running -= 1
        lane.held -= 1
        lane.mean += (seconds - lane.mean) / 8

    def distrust(self, destination: str | None) -> None:
        """Its claims were not begun in time: it is slow until its run times say otherwise, so
        that a fast host that has died does not go on being held without limit."""
        if destination in self._lanes:
            lane = self._lanes[destination]
            lane.mean = max(lane.mean, FAST * 2)

    def _room(self, name: str, more: int = 0) -> bool:
        lane = self._lanes.get(name)
        if lane is None:
            return more < self._limit
        return lane.is_fast or lane.held + more < self._limit

    def _forget_idle(self) -> None:
        self._lanes = {name: lane for name, lane in self._lanes.items() if lane.held}
