"""Steps that never run.

A step never runs when its condition can never hold, or when all steps directly before it never
run (they are skipped, and it is skipped likewise). A condition can never hold when
- it compares a path that is never there: a step that there is not, a field that the input or an
  answer does not have;
- it compares a value with one that it never is: not one of the field's choices, or of another type;
- all of its parts must hold, and one never does, or two want one path to be different things;
- one of its parts must hold, and none ever does.
What can't be known (a receiver's answer, an input that is not described) may always hold.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from app.domain.checks.base import Finding, Subject
from app.domain.half_done import items, mapping
from app.domain.known_paths import KnownPath, find

_TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "number": (int, float),
    "integer": (int, float),
    "boolean": (bool,),
}
_ORDERED = frozenset({">", ">=", "<", "<="})


def never_run(subject: Subject) -> Iterator[Finding]:
    """Steps that are skipped whatever happens."""
    never: set[str] = set()
    steps = {step.key: step for step in subject.steps if step.key}
    for key in subject.reading.ways.order:
        step = steps[key]
        waits = [other for other in step.depends_on if other in steps]
        if waits and never.issuperset(waits):
            message = "It never runs: all steps before it are always skipped."
            yield Finding("warning", f"{step.place}.dependsOn", message, "never-runs")
        elif why := why_never(step.when, _Readable(subject, key)):
            message = f"It never runs: {why}."
            yield Finding("warning", f"{step.place}.when", message, "never-runs")
        else:
            continue
        never.add(key)


class _Readable:
    """What a step's condition can read."""

    def __init__(self, subject: Subject, key: str) -> None:
        self._subject, self._key = subject, key
        self._known: list[KnownPath] | None = None

    def find(self, path: str) -> KnownPath | None:
        if self._known is None:
            self._known = self._subject.reading.by(self._key, in_condition=True)
        return find(path, self._known)

    def may_come(self, path: str) -> bool:
        """A step that is not before this one may be done by then all the same."""
        root, _, rest = path.partition(".")
        key = rest.split(".")[0]
        steps, ways = self._subject.reading.steps, self._subject.reading.ways
        return root == "steps" and key in steps and key not in ways.before[self._key]


def why_never(when: Any, readable: _Readable) -> str | None:
    """Why a condition can never hold; None if it may."""
    rule = mapping(when)
    parts = items(next(iter(rule.values()), None))
    reasons = [
        why_never(part, readable) if isinstance(part, dict) else _why_not(items(part), readable)
        for part in parts
    ]
    if "any" in rule:
        return reasons[0] if reasons and all(reasons) else None
    if "all" not in rule:
        return None
    return next((reason for reason in reasons if reason), None) or _contradiction(parts)


def _why_not(part: Sequence[Any], readable: _Readable) -> str | None:
    if len(part) < 2 or not isinstance(part[0], str) or not isinstance(part[1], str):
        return None
    if not part[0] or (len(part) == 2 and part[1] != "exists"):
        return None  # half done; the schema says what is missing
    path, op, wanted = part[0], part[1], part[2] if len(part) > 2 else True
    known = readable.find(path)
    if known is None:
        absent = not (op == "exists" and wanted is False) and not readable.may_come(path)
        return f"there is no {path}" if absent else None
    if op == "exists":
        always = wanted is False and known.certain and known.path == path
        return f"{path} is always there" if always else None
    return _why_not_equal(known, path, op, wanted) if known.path != "input" else None


def _why_not_equal(known: KnownPath, path: str, op: str, wanted: Any) -> str | None:
    wishes = items(wanted) if op == "in" else [wanted] if op == "=" else []
    choices = known.schema.get("enum")
    if known.open and known.path != path:
        return None
    if wishes and isinstance(choices, list) and not any(one in choices for one in wishes):
        return f"{path} is never {_listed(wishes)}"
    types = _TYPES.get(known.type)
    if types and wishes and not any(_fits(one, types) for one in wishes) and not choices:
        return f"{path} is a {known.type}, and never {_listed(wishes)}"
    if types and op in _ORDERED and not _fits(wanted, types):
        return f"{path} is a {known.type}, and can't be compared with {_listed([wanted])}"
    return None


def _fits(value: Any, types: tuple[type, ...]) -> bool:
    if isinstance(value, bool):  # 1 = true holds, but nobody means it
        return bool in types or float in types
    return value is None or isinstance(value, types)


def _listed(values: Sequence[Any]) -> str:
    return " or ".join(repr(one) if isinstance(one, str) else str(one) for one in values[:5])


def _contradiction(parts: Sequence[Any]) -> str | None:
    wanted: dict[str, Any] = {}
    for part in (items(part) for part in parts):
        if len(part) != 3 or not isinstance(part[0], str) or part[1] != "=":
            continue
        path, value = part[0], part[2]
        if wanted.setdefault(path, value) != value:
            return f"{path} can't be {_listed([wanted[path]])} and {_listed([value])} at once"
    return None
