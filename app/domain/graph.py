"""The graph of a published version: who waits for whom. Versions never change, so graphs are
kept in memory once read."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Engine, select

from app.domain.conditions import reads
from app.models import WorkflowTemplateStep, WorkflowTemplateVersion
from app.schemas.durations import parse_duration

_KEPT = 512
# By database: a process that serves two (tests do) must not mix their versions up.
_graphs: "WeakKeyDictionary[Engine, dict[int, Graph]]" = WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class Node:
    """A step in the graph; `reads_outputs` says whether its condition looks at other steps."""

    key: str
    depends_on: tuple[str, ...]
    dependents: tuple[str, ...]
    when: Mapping[str, Any] | None
    reads_outputs: bool
    due_in: timedelta | None = None
    due_at: str | None = None


@dataclass(frozen=True, slots=True)
class Graph:
    """Nodes by key, each after all it depends on, and what the version says of the whole."""

    nodes: Mapping[str, Node]
    policies: Sequence[Mapping[str, Any]] = ()
    due_in: timedelta | None = None
    due_at: str | None = None

    @classmethod
    def of(
        cls,
        steps: Iterable["GraphStep"],
        policies: Sequence[Mapping[str, Any]] = (),
        due_in: timedelta | None = None,
        due_at: str | None = None,
    ) -> "Graph":
        """Build from steps in any order; they must have no cycle."""
        rows = {step.key: step for step in steps}
        dependents: dict[str, list[str]] = {key: [] for key in rows}
        for step in rows.values():
            for other in step.depends_on:
                dependents[other].append(step.key)
        order = sorted_by_dependency({key: step.depends_on for key, step in rows.items()})
        nodes = {key: _node(rows[key], dependents[key]) for key in order}
        return cls(nodes, policies, due_in, due_at)


class GraphStep(Protocol):
    """What a graph needs to know of a step."""

    @property
    def key(self) -> str: ...
    @property
    def depends_on(self) -> Iterable[str]: ...
    @property
    def when(self) -> Mapping[str, Any] | None: ...
    @property
    def due_in(self) -> str | None: ...
    @property
    def due_at(self) -> str | None: ...


def _node(step: GraphStep, dependents: Iterable[str]) -> Node:
    return Node(
        key=step.key,
        depends_on=tuple(step.depends_on),
        dependents=tuple(dependents),
        when=step.when,
        reads_outputs="steps" in reads(step.when),
        due_in=parse_duration(step.due_in) if step.due_in else None,
        due_at=step.due_at,
    )


def sorted_by_dependency(depends_on: Mapping[str, Iterable[str]]) -> list[str]:
    """Keys so that each comes after all it depends on; keys in a cycle are left out."""
    waiting = {key: set(others) for key, others in depends_on.items()}
    order: list[str] = []
    while ready := [key for key, others in waiting.items() if not others]:
        order += ready
        for key in ready:
            del waiting[key]
        done = set(ready)
        for others in waiting.values():
            others -= done
    return order


def graph_of(connection: Connection, version_id: int) -> Graph:
    """The graph of a published version."""
    known = _graphs.setdefault(connection.engine, {})
    graph = known.get(version_id)
    if graph is None:
        step = WorkflowTemplateStep
        rows = connection.execute(
            select(step.key, step.depends_on, step.when, step.due_in, step.due_at)
            .where(step.version_id == version_id)
            .order_by(step.position)
        )
        whole = WorkflowTemplateVersion
        version = connection.execute(
            select(whole.notification_policies, whole.due_in, whole.due_at).where(
                whole.id == version_id
            )
        ).one()
        due_in = parse_duration(version.due_in) if version.due_in else None
        policies = version.notification_policies or ()
        graph = Graph.of(rows.all(), policies, due_in, version.due_at)  # type: ignore[reportArgumentType]
        if len(known) >= _KEPT:
            known.pop(next(iter(known)), None)
        known[version_id] = graph
    return graph
