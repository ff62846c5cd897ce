"""What differs between two templates, as documents: in the whole, in each step, and in who waits
for whom. Pure, and safe with half-done drafts."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from app.domain.half_done import items, steps_of
from app.domain.step_matching import Pair, Step, matched, moved
from app.domain.value_diff import Change, differences


@dataclass(frozen=True, slots=True)
class Dependency:
    """A step that has begun or ceased to wait for another; both by their keys of afterwards, where
    they have one."""

    source: str
    target: str
    added: bool


@dataclass(frozen=True, slots=True)
class StepDiff:
    """A step in both templates, or in one of them. `fields`: without whom it waits for, unless
    only their order changed."""

    before: Step | None
    after: Step | None
    moved: bool = False
    fields: tuple[Change, ...] = ()
    dependencies: tuple[Dependency, ...] = ()

    @property
    def step(self) -> Step:
        """As it is afterwards, or as it was."""
        return self.after if self.after is not None else self.before or {}

    @property
    def key(self) -> str:
        return str(self.step.get("key", ""))

    @property
    def renamed(self) -> bool:
        """Whether it has another key: it goes by that in conditions and placeholders."""
        return any(change.path == "key" for change in self.fields)

    @property
    def mark_of_whole(self) -> str:
        """`added` or `removed` if it is in one of the two only; else nothing."""
        return "added" if self.before is None else "removed" if self.after is None else ""

    @property
    def marks(self) -> tuple[str, ...]:
        """What happened to it, the weightiest first: `added`, `removed`, `renamed`, `changed`,
        `moved`; none if nothing did."""
        if self.mark_of_whole:
            return (self.mark_of_whole,)
        others = self.dependencies or any(change.path != "key" for change in self.fields)
        found = {"renamed": self.renamed, "changed": others, "moved": self.moved}
        return tuple(mark for mark, is_so in found.items() if is_so)


@dataclass(frozen=True)
class TemplateDiff:
    """Two templates side by side: all steps, also those that stayed as they were, in the order of
    afterwards; each that is gone stands after the one it stood after."""

    fields: tuple[Change, ...]
    steps: tuple[StepDiff, ...]

    @property
    def empty(self) -> bool:
        return not self.fields and not any(step.marks for step in self.steps)

    @cached_property
    def names(self) -> dict[str, str]:
        """Steps by their keys of afterwards, where they have one."""
        return {step.key: str(step.step.get("name") or step.key) for step in self.steps}

    def waits_for(self, step: StepDiff) -> list[str]:
        """Whom it waits for, or waited for, by their keys of afterwards, where they have one."""
        renames = {str(one.before.get("key")): one.key for one in self.steps if one.before}
        keys = dict.fromkeys(_waits_for(step.step) or ())
        return [renames.get(key, key) if step.after is None else key for key in keys]

    def marked(self, mark: str) -> list[StepDiff]:
        return [step for step in self.steps if mark in step.marks]


def compare(before: Mapping[str, Any], after: Mapping[str, Any]) -> TemplateDiff:
    """The difference of two template documents (schemas/template.py; a half-done one too)."""
    fields = differences(_without(before, "steps"), _without(after, "steps"))
    old, new = _steps(before), _steps(after)
    pairs = matched(old, new)
    elsewhere, renames = moved(pairs), _renames(old, new, pairs)
    changed = {
        pair[1]: _changed(old[pair[0]], new[pair[1]], renames, is_moved=pair in elsewhere)
        for pair in pairs
    }
    rows = [changed.get(at, StepDiff(None, step)) for at, step in enumerate(new)]
    return TemplateDiff(tuple(fields), tuple(_with_removed(rows, old, pairs)))


def _steps(document: Mapping[str, Any]) -> list[Step]:
    return [step.document for step in steps_of(document)]


def _renames(old: Sequence[Step], new: Sequence[Step], pairs: Sequence[Pair]) -> dict[str, str]:
    """New keys by old ones, where the old one is gone."""
    kept = {_key(step) for step in new}
    found = {_key(old[then]): _key(new[now]) for then, now in pairs}
    return {then: now for then, now in found.items() if then != now and then not in kept}


def _key(step: Step) -> str:
    return str(step.get("key", ""))


def _changed(before: Step, after: Step, renames: Mapping[str, str], *, is_moved: bool) -> StepDiff:
    then, now = _waits_for(before), _waits_for(after)
    edges: tuple[Dependency, ...] = ()
    told = False
    if then is not None and now is not None:
        then = [renames.get(key, key) for key in then]
        edges = (*_edges(now, then, after, added=True), *_edges(then, now, after, added=False))
        told = bool(edges) or then == now
    apart = "dependsOn" if told else ""
    fields = differences(_without(before, apart), _without(after, apart))
    return StepDiff(before, after, is_moved, tuple(fields), edges)


def _edges(
    keys: Sequence[str], others: Sequence[str], target: Step, *, added: bool
) -> Iterator[Dependency]:
    for key in dict.fromkeys(keys):
        if key not in others:
            yield Dependency(key, _key(target), added)


def _waits_for(step: Step) -> list[str] | None:
    """None where a half-done draft has something else there."""
    keys = step.get("dependsOn", [])
    found = [key for key in items(keys) if isinstance(key, str)]
    return found if found == keys else None


def _without(document: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {each: value for each, value in document.items() if each != name}


def _with_removed(
    rows: Sequence[StepDiff], old: Sequence[Step], pairs: Sequence[Pair]
) -> Iterator[StepDiff]:
    after_whom: dict[int, list[StepDiff]] = {}
    now_of = dict(pairs)
    last = -1
    for then, step in enumerate(old):
        last = now_of.get(then, last)
        if then not in now_of:
            after_whom.setdefault(last, []).append(StepDiff(step, None))
    yield from after_whom.get(-1, ())
    for at, row in enumerate(rows):
        yield row
        yield from after_whom.get(at, ())
