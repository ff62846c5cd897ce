"""One transaction's changes to some instances: locked, read, changed in memory, written at once.

The same ledger carries an operator's single click and a worker's group of fifty results. Rows are
locked and written in the order instances, steps, jobs, so that two ledgers never wait for each
other in a circle.
"""

from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any

from sqlalchemy import Row, case, select
from sqlalchemy.orm import Session

from app import clock
from app.domain.graph import graph_of
from app.domain.records import DONE, InstanceRecord, StepRecord
from app.models import WorkflowInstance, WorkflowInstanceStep
from app.models.columns import table_of
from app.models.vocabulary import State

SYSTEM = "system"

_instance = table_of(WorkflowInstance).c
_step = table_of(WorkflowInstanceStep).c
_INSTANCES = select(
    *(
        _instance[name]
        for name in (
            "id template_id version_id title state needs_attention paused generation event_seq "
            "started_by started_at ended_at"
        ).split()
    )
).order_by(_instance.id)
# Only what has yet to become ready is told what to do, and only what can still move tells people:
# for the other steps these documents need not be read.
_READ_WHEN_NEEDED = {
    "action_config": case((_step.state == State.PENDING, _step.action_config)),
    "notification_policies": case((_step.state.not_in(DONE), _step.notification_policies)),
}
_FIELDS = [field.name for field in fields(StepRecord)]
_COLUMNS = _FIELDS[: _FIELDS.index("completed_at") + 1]
_STEPS = select(
    *(_READ_WHEN_NEEDED.get(name, _step[name]) for name in _COLUMNS), _step.instance_id
).order_by(_step.instance_id, _step.position)


@dataclass(slots=True)
class Ledger:
    """What one transaction reads and changes. Made by `changing`."""

    session: Session
    actor: str
    now: datetime
    instances: dict[int, InstanceRecord] = field(default_factory=dict[int, InstanceRecord])
    added: list[InstanceRecord] = field(default_factory=list[InstanceRecord])
    events: list[tuple[InstanceRecord, dict[str, Any]]] = field(default_factory=list)  # type: ignore[reportUnknownVariableType]
    owed: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    notices: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    executions: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    ended_executions: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    attempts: dict[tuple[int, int], dict[str, Any]] = field(
        default_factory=dict[tuple[int, int], dict[str, Any]]
    )
    closed_attempts: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    waits: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    fenced: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    postponed: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    done_jobs: list[int] = field(default_factory=list[int])
    taken_from: list[StepRecord] = field(default_factory=list[StepRecord])
    held: list[tuple[int, bool]] = field(default_factory=list[tuple[int, bool]])

    def touched(self) -> Iterator[InstanceRecord]:
        """All instances this ledger holds, new ones included."""
        yield from self.instances.values()
        yield from self.added

    def record(
        self,
        instance: InstanceRecord,
        kind: str,
        step: StepRecord | None = None,
        *,
        actor: str | None = None,
        reason: str | None = None,
        data: dict[str, Any] | None = None,
        at: datetime | None = None,
    ) -> int:
        """Write the next line of an instance's history; returns its number."""
        instance.event_seq += 1
        self.events.append(
            (
                instance,
                {
                    "seq": instance.event_seq,
                    "at": at or self.now,
                    "kind": kind,
                    "step_key": step.key if step else None,
                    "actor": actor or self.actor,
                    "reason": reason or None,
                    "data": data,
                },
            )
        )
        return instance.event_seq

    def last_said(self) -> tuple[str, str | None]:
        """The kind and the reason of the last event of whoever acts. One must have been written."""
        own = (event for _, event in reversed(self.events) if event["actor"] == self.actor)
        event = next(own)
        return event["kind"], event["reason"]

    def context(self, instance: InstanceRecord, *, outputs: bool) -> dict[str, Any]:
        """What conditions and placeholders of an instance can read."""
        if instance.input is None:
            instance.input = self.session.scalar(
                select(_instance.input).where(_instance.id == instance.id)
            )
        steps = self._outputs(instance) if outputs else {}
        return {
            "input": instance.input,
            "steps": steps,
            "instance": {"id": instance.id, "title": instance.title},
        }

    def _outputs(self, instance: InstanceRecord) -> dict[str, Any]:
        stored: dict[str, Any] = {}
        if instance.id is not None:
            rows = self.session.execute(
                select(_step.key, _step.output).where(_step.instance_id == instance.id)
            )
            stored = {row.key: row.output for row in rows}
        return {
            key: {
                "state": step.state,
                "output": (step.output if step.output_changed else stored.get(key)) or {},
            }
            for key, step in instance.steps.items()
        }

    def close_attempt(self, execution_id: int, attempt: int, values: dict[str, Any]) -> None:
        """End an attempt. If it began in this very transaction, one row is written, not two."""
        begun = self.attempts.get((execution_id, attempt))
        if begun is not None:
            begun.update(values)
        else:
            self.closed_attempts.append(
                {"b_execution_id": execution_id, "b_attempt": attempt} | values
            )

    def config(self, step: StepRecord) -> dict[str, Any]:
        """What the step is to do."""
        if step.action_config is None:
            step.action_config = self.session.scalar(
                select(_step.action_config).where(_step.id == step.id)
            )
        return step.action_config or {}

    def load(self, instance_ids: Iterable[int]) -> None:
        """Lock and read instances and their steps."""
        ids = sorted(set(instance_ids))
        connection = self.session.connection()
        rows = connection.execute(_INSTANCES.where(_instance.id.in_(ids)).with_for_update())
        for row in rows:
            graph = graph_of(connection, row.version_id)
            self.instances[row.id] = InstanceRecord(
                graph=graph, was_seq=row.event_seq, **row_values(row)
            )
        for row in connection.execute(_STEPS.where(_step.instance_id.in_(ids))):
            *values, instance_id = row
            step = StepRecord(*values)
            step.was = (step.state, step.action_state)
            self.instances[instance_id].steps[step.key] = step


def row_values(row: Row[Any]) -> dict[str, Any]:
    """A row as a dict. `_mapping` is SQLAlchemy's documented way, underscore and all."""
    return dict(row._mapping)  # type: ignore[reportPrivateUsage]


@contextmanager
def changing(
    session: Session, instance_ids: Iterable[int] = (), actor: str = SYSTEM
) -> Generator[Ledger]:
    """Lock these instances, let the block change them, then let what follows from the changes
    follow (dependents, the instance's own state) and write it all. Does not commit."""
    from app.domain import lifecycle
    from app.domain.ledger_writer import write

    ledger = Ledger(session, actor, clock.now())
    ledger.load(instance_ids)
    yield ledger
    for instance in ledger.touched():
        if instance.needs_settling:
            lifecycle.settle(ledger, instance)
    write(ledger)
