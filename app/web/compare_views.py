"""Two versions of a template side by side, as the pages show them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from app.domain import diff_words
from app.domain.template_diff import StepDiff, TemplateDiff, compare
from app.domain.template_versions import completed
from app.domain.value_diff import Change, differences
from app.web.diff_graph import DiffGraph, draw
from app.web.diff_marks import Side, sides

_HEAD = ("key", "name", "actionType", "dependsOn")  # what the head of a step says of it


@dataclass(frozen=True, slots=True)
class FieldView:
    """A field that differs. `kind`: see diff_words.kind."""

    label: str
    path: str
    kind: str
    before: Side
    after: Side


@dataclass(frozen=True, slots=True)
class Edge:
    """Whom a step waits for: `mark` is added, removed, or empty where that stayed."""

    name: str
    mark: str


@dataclass(frozen=True, slots=True)
class StepView:
    """A step side by side. `marks`: empty if nothing happened to it."""

    key: str
    name: str
    action_type: str
    marks: tuple[str, ...]
    places: tuple[int | None, int | None]
    fields: list[FieldView]
    edges: list[Edge]

    @property
    def mark(self) -> str:
        """The weightiest."""
        return self.marks[0] if self.marks else ""


@dataclass(frozen=True, slots=True)
class CompareView:
    """`whole`: fields of the template itself; `steps`: all of them."""

    summary: str
    empty: bool
    whole: list[FieldView]
    steps: list[StepView]
    graph: DiffGraph

    @property
    def changed(self) -> list[StepView]:
        return [step for step in self.steps if step.marks]


def view(before: Mapping[str, Any], after: Mapping[str, Any]) -> CompareView:
    """The difference of two documents (as template_versions.document reads them)."""
    found = compare(before, after)
    places = _places(before), _places(after)
    return CompareView(
        summary=diff_words.summary(found),
        empty=found.empty,
        whole=_fields(found.fields),
        steps=[_step(step, found, places) for step in found.steps],
        graph=draw(found),
    )


def _places(document: Mapping[str, Any]) -> dict[int, int]:
    """The number of each step in its list, by its identity: keys may stand there twice."""
    return {id(step): at for at, step in enumerate(document["steps"], 1)}


def _step(one: StepDiff, found: TemplateDiff, places: tuple[dict[int, int], ...]) -> StepView:
    then, now = places
    return StepView(
        key=one.key,
        name=found.names[one.key],
        action_type=str(one.step.get("actionType") or ""),
        marks=one.marks,
        places=(then.get(id(one.before)), now.get(id(one.after))),
        fields=_fields(one.fields or _whole(one)),
        edges=_edges(one, found),
    )


def _whole(one: StepDiff) -> list[Change]:
    """Of a step that came or went: what an author said of it."""
    if not one.mark_of_whole:
        return []
    bare = {name: one.step.get(name) for name in _HEAD}
    empty = completed({"steps": [bare]})["steps"][0]
    both = (empty, one.step) if one.mark_of_whole == "added" else (one.step, empty)
    return [change for change in differences(*both) if change.place[0] not in _HEAD]


def _fields(changes: Iterable[Change]) -> list[FieldView]:
    return [
        FieldView(
            diff_words.label(change.place),
            change.path,
            diff_words.kind(change),
            *sides(change.before, change.after),
        )
        for change in changes
    ]


def _edges(one: StepDiff, found: TemplateDiff) -> list[Edge]:
    marks = {edge.source: "added" if edge.added else "removed" for edge in one.dependencies}
    stayed = [key for key in found.waits_for(one) if key not in marks]
    return [Edge(found.names.get(key, key), marks.get(key, "")) for key in [*stayed, *marks]]
