"""Rows of instances and steps in memory while one transaction changes them. `Ledger` reads and
writes them; `lifecycle` alone writes their state."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from app.domain.graph import Graph
from app.models.vocabulary import ActionState, InstanceState, State
from app.schemas.actions import PEOPLE_TYPES

DONE = frozenset({State.COMPLETED, State.SKIPPED})
OPEN = frozenset({State.PENDING, State.READY, State.STARTED})
FINISHED_INSTANCE = frozenset({InstanceState.COMPLETED, InstanceState.CANCELLED})


@dataclass(slots=True, eq=False)
class StepRecord:
    """A step of an instance. The fields up to `completed_at` are columns, read in this order.

    action_config         only of steps that have yet to become ready
    notification_policies only of steps that can still move
    output                what this transaction wrote
    """

    id: int | None
    key: str
    position: int
    name: str
    action_type: str
    action_config: dict[str, Any] | None
    notification_policies: list[dict[str, Any]] | None
    assignee: str | None
    state: str
    action_state: str
    reason: str | None = None
    error: str | None = None
    execution_token: str | None = None
    attempts: int = 0
    max_attempts: int | None = None
    retry_count: int = 0
    occurrence: int | None = None
    occurrence_at: datetime | None = None
    recurs_from: datetime | None = None
    recurs_until: datetime | None = None
    skipped_by_condition: bool = False
    due_at: datetime | None = None
    next_attempt_at: datetime | None = None
    ready_at: datetime | None = None
    started_at: datetime | None = None
    completed_at: datetime | None = None
    output: Any = None
    output_changed: bool = False
    was: tuple[str, str] | None = None  # its state and actionState in the database
    dirty: bool = False

    @property
    def is_for_people(self) -> bool:
        return self.action_type in PEOPLE_TYPES

    @property
    def is_running(self) -> bool:
        return self.action_state == ActionState.RUNNING


@dataclass(slots=True, eq=False, kw_only=True)
class InstanceRecord:
    """An instance with its steps by key, in the order of the graph."""

    id: int | None
    template_id: int
    version_id: int
    title: str
    state: str
    needs_attention: bool = False
    paused: bool = False
    generation: int = 1
    event_seq: int = 0
    started_by: str = ""
    started_at: datetime | None = None
    ended_at: datetime | None = None
    due_at: datetime | None = None  # only of new ones; it never changes
    graph: Graph
    input: dict[str, Any] | None = None  # read only when a condition or placeholder asks
    steps: dict[str, StepRecord] = field(default_factory=dict[str, StepRecord])
    was_seq: int = 0
    needs_settling: bool = False

    @property
    def is_finished(self) -> bool:
        return self.state in FINISHED_INSTANCE
