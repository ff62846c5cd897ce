"""Which step of one template is which of another: by key, and where a key is gone by what the step
says; and which of those that stayed have changed their place."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any, TypeAlias

from app.domain.half_done import mapping, text
from app.extensions import compact_json
from app.schemas.actions import ACTION_TYPES

Step: TypeAlias = Mapping[str, Any]
Pair: TypeAlias = tuple[int, int]  # a step's place before, and afterwards
_Places: TypeAlias = dict[Hashable, list[int]]


def matched(before: Sequence[Step], after: Sequence[Step]) -> list[Pair]:
    """The same steps, in the order of `after`. Of a key that a half-done draft has twice, the
    first is the first. A step whose key is gone is the one new one of its kind with its name, or
    else with its config."""
    old, new = dict(enumerate(before)), dict(enumerate(after))
    pairs: list[Pair] = []
    for says, most in ((_key, None), (_name, 1), (_config, 1)):
        pairs += _pair(_places(old, says), _places(new, says), most)
        for then, now in pairs:
            old.pop(then, None)
            new.pop(now, None)
    return sorted(pairs, key=lambda pair: pair[1])


def _places(steps: Mapping[int, Step], says: Callable[[Step], Hashable]) -> _Places:
    found: _Places = defaultdict(list)
    for at, step in steps.items():
        if (what := says(step)) is not None:
            found[what].append(at)
    return found


def _pair(before: _Places, after: _Places, most: int | None) -> list[Pair]:
    """`most`: how many may say the same for it to tell who is who."""
    return [
        pair
        for what in after
        if what in before
        if most is None or max(len(before[what]), len(after[what])) <= most
        for pair in zip(before[what], after[what], strict=False)
    ]


def _key(step: Step) -> Hashable:
    return compact_json(step.get("key"))


def _name(step: Step) -> Hashable:
    name = step.get("name")
    return compact_json([step.get("actionType"), name]) if name else None


def _config(step: Step) -> Hashable:
    """None for one that says no more than any new step of its kind would."""
    kind, config = text(step.get("actionType")), mapping(step.get("actionConfig"))
    if kind not in ACTION_TYPES:
        return None
    bare = ACTION_TYPES[kind].config.model_construct().document()
    if all(name in bare and bare[name] == value for name, value in config.items()):
        return None
    return compact_json([kind, {name: config[name] for name in sorted(config)}])


def moved(pairs: Sequence[Pair]) -> set[Pair]:
    """As few as possible of these (in the order of `after`) whose going elsewhere explains the new
    order: all but a longest run that kept it."""
    ends: list[int] = []  # ends[n]: the least place before with which a run of n + 1 can end
    runs: list[list[Pair]] = []
    for pair in pairs:
        at = bisect_left(ends, pair[0])
        ends[at : at + 1] = [pair[0]]
        runs[at : at + 1] = [[*(runs[at - 1] if at else ()), pair]]
    return set(pairs) - set(runs[-1] if runs else ())
