"""Which steps come before a step, and which of them have surely been done when it runs. Pure, and
for documents that are half done too: steps in a circle have others before them, none of them sure.

What operators do (skip a step, set an output) is left out: it can befall any step.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from app.domain.graph import sorted_by_dependency
from app.domain.half_done import RawStep, items, mapping

Keys = frozenset[str]
NONE: Keys = frozenset()


class Ways:
    """The ways through a template.

    before   by key: all steps that it waits for, directly or not
    surely   by key: those of them that are COMPLETED whenever it runs
    proven   by key: paths that are there whenever it runs, since conditions asked for them
    """

    def __init__(self, steps: Sequence[RawStep]) -> None:
        self._steps = {step.key: step for step in steps if step.key}
        self._waits = {
            key: tuple(other for other in dict.fromkeys(step.depends_on) if other in self._steps)
            for key, step in self._steps.items()
        }
        self.order = sorted_by_dependency(self._waits)
        self.before: dict[str, Keys] = {}
        self.surely: dict[str, Keys] = {}
        self.proven: dict[str, Keys] = {}
        for key in self.order:
            self.before[key] = NONE.union(*map(self._with_before, self._waits[key]))
            self._weigh(key)
        for key in self._steps.keys() - self.before.keys():
            self.before[key] = self._by_walking(key)
            self.surely[key], self.proven[key] = NONE, proves(self._steps[key].when)

    def _with_before(self, key: str) -> Keys:
        return self.before[key] | {key}

    def _by_walking(self, key: str) -> Keys:
        found: set[str] = set()
        waiting = list(self._waits[key])
        while waiting:
            if (other := waiting.pop()) not in found:
                found.add(other)
                waiting += self._waits[other]
        return frozenset(found - {key})

    def _weigh(self, key: str) -> None:
        """At least one of the steps directly before it was not skipped by its condition, or it
        would have been skipped likewise; what is on all of these ways has been done."""
        ways = [self._passed(other) for other in self._waits[key]]
        ran = ways[0].intersection(*ways[1:]) if ways else NONE
        own = proves(self._steps[key].when)
        ran |= {other for other in self.before[key] if _reads_output_of(own, other)}
        ran = self._and_what_follows(key, ran)
        self.surely[key] = frozenset(other for other in ran if not _may_come_too_late(self, other))
        self.proven[key] = own.union(*(self.proven[other] for other in ran))

    def _passed(self, key: str) -> Keys:
        return self.surely[key] | {key}

    def _and_what_follows(self, key: str, ran: Keys) -> Keys:
        """With all that must have run as well: before those that ran, and steps without a condition
        of which one directly before ran."""
        found = set(ran).union(*(self.surely[other] for other in ran))
        for other in (one for one in self.order if one in self.before[key]):
            waits = self._waits[other]
            if self._steps[other].when is None and (not waits or not found.isdisjoint(waits)):
                found.add(other)
        return frozenset(found)

    def step(self, key: str) -> RawStep:
        """The step with this key."""
        return self._steps[key]


def proves(when: Any) -> Keys:
    """The paths that are there if the condition holds: a comparison with a missing one is false."""
    rule = mapping(when)
    parts: list[Keys] = [
        proves(part) if isinstance(part, dict) else _compared(items(part))
        for part in items(next(iter(rule.values()), None))
    ]
    if "any" in rule:
        return parts[0].intersection(*parts[1:]) if parts else NONE
    return NONE.union(*parts) if "all" in rule else NONE


def _compared(part: list[Any]) -> Keys:
    if len(part) < 2 or not isinstance(part[0], str) or part[1:] == ["exists", False]:
        return NONE
    return frozenset({part[0]})


def _reads_output_of(paths: Iterable[str], key: str) -> bool:
    return any(path.startswith(f"steps.{key}.output.") for path in paths)


def _may_come_too_late(ways: Ways, key: str) -> bool:
    """It is passed over when its time has come already, and what follows runs all the same."""
    config: Mapping[str, Any] = ways.step(key).config
    return config.get("ifPast") == "skip" and config.get("runAt") is not None
