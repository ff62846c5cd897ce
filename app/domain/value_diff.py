"""What differs between two JSON values, place by place."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import Enum
from typing import Any, Final, TypeAlias

from app.domain.half_done import items, mapping

Place: TypeAlias = tuple[str | int, ...]

LONGEST_LIST = 500  # lists beyond this are compared as wholes: aligning them takes its square
# Read as one thing: of a condition no part says anything by itself, nor of an order a place.
_WHOLE = frozenset({"when", "dependsOn"})


class Absent(Enum):
    """What stands where there is no value; `null` is one."""

    ABSENT = "absent"


ABSENT: Final = Absent.ABSENT


@dataclass(frozen=True, slots=True)
class Change:
    """One place that differs. In a list, an item that is gone has its number from before, every
    other its number from afterwards. `reordered`: the same names of an object in another order."""

    place: Place
    before: Any
    after: Any
    reordered: bool = False

    @property
    def path(self) -> str:
        """Dotted, as faults name it: `actionConfig.headers.X-Source`."""
        return ".".join(map(str, self.place))


def differences(before: Any, after: Any, place: Place = ()) -> Iterator[Change]:
    """Every place where the two differ, once, down to the smallest part that both have."""
    if equal(before, after, place[-1] if place else ""):
        return
    whole = bool(place) and place[-1] in _WHOLE
    if isinstance(before, dict) and isinstance(after, dict) and not whole:
        yield from _of_objects(mapping(before), mapping(after), place)
    elif isinstance(before, list) and isinstance(after, list) and not whole:
        yield from _of_lists(items(before), items(after), place)
    else:
        yield Change(place, before, after)


def equal(before: Any, after: Any, name: str | int = "") -> bool:
    """Whether both are the same JSON: 1 is neither 1.0 nor true, and the order of the fields of a
    JSON Schema counts, since forms follow it. `name`: under which they stand."""
    if before is after:
        return True
    if isinstance(before, dict) and isinstance(after, dict):
        return _equal_objects(mapping(before), mapping(after), name)
    if isinstance(before, list) and isinstance(after, list):
        one, other = items(before), items(after)
        return len(one) == len(other) and all(map(equal, one, other))
    if isinstance(before, str) and isinstance(after, str):
        return before == after
    return _canonical(before) == _canonical(after)


def _equal_objects(before: Mapping[str, Any], after: Mapping[str, Any], name: str | int) -> bool:
    same = list(before) == list(after) if name == "properties" else before.keys() == after.keys()
    return same and all(equal(value, after[each], each) for each, value in before.items())


def _canonical(value: Any, name: str | int = "") -> str:
    """Equal texts for equal values."""
    if isinstance(value, dict):
        fields = mapping(value)
        names = list(fields) if name == "properties" else sorted(fields)
        return f"{{{','.join(f'{json.dumps(n)}:{_canonical(fields[n], n)}' for n in names)}}}"
    if isinstance(value, list):
        return f"[{','.join(_canonical(each) for each in items(value))}]"
    return "" if value is ABSENT else json.dumps(value)


def _of_objects(
    before: Mapping[str, Any], after: Mapping[str, Any], place: Place
) -> Iterator[Change]:
    names = [*after, *(name for name in before if name not in after)]
    for name in names:
        yield from _of_one(before, after, name, (*place, name))
    if place and place[-1] == "properties":
        kept = [name for name in before if name in after]
        now = [name for name in after if name in before]
        if kept != now:
            yield Change(place, kept, now, reordered=True)


def _of_one(
    before: Mapping[str, Any], after: Mapping[str, Any], name: str, place: Place
) -> Iterator[Change]:
    return differences(before.get(name, ABSENT), after.get(name, ABSENT), place)


def _of_lists(before: Sequence[Any], after: Sequence[Any], place: Place) -> Iterator[Change]:
    if max(len(before), len(after)) > LONGEST_LIST:
        yield Change(place, before, after)
        return
    texts = [_canonical(each) for each in before], [_canonical(each) for each in after]
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, *texts, autojunk=False).get_opcodes():
        if tag == "equal":
            continue
        both = min(i2 - i1, j2 - j1)
        for n in range(both):
            yield from differences(before[i1 + n], after[j1 + n], (*place, j1 + n))
        for at in range(i1 + both, i2):
            yield Change((*place, at), before[at], ABSENT)
        for at in range(j1 + both, j2):
            yield Change((*place, at), ABSENT, after[at])
