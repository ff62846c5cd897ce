"""Reading instances: the same view for pages and JSON."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import Session, contains_eager

from app import clock
from app.domain import callback_urls, deliveries
from app.domain.actions import instance_actions, step_actions
from app.domain.graph import graph_of
from app.errors import NotFound
from app.models import (
    AutomationExecutionLog,
    Event,
    Execution,
    WorkflowInstance,
    WorkflowInstanceStep,
    WorkflowTemplate,
    WorkflowTemplateVersion,
)
from app.schemas.actions import WAIT_CALLBACK
from app.schemas.instance import (
    AttemptOut,
    DeliveryOut,
    EventOut,
    InstanceOut,
    InstanceSummary,
    StepOut,
)


def list_instances(
    session: Session,
    *,
    state: str | None = None,
    template_key: str | None = None,
    text: str | None = None,
    overdue: bool = False,
    before: int | None = None,
    limit: int = 50,
) -> tuple[list[InstanceSummary], int | None]:
    """Instances, newest first, and the id to go on before (None: that was all). `text` is looked
    for in titles; a number also finds the instance of that id."""
    query = _summaries().order_by(WorkflowInstance.id.desc()).limit(limit + 1)
    if state:
        query = query.where(WorkflowInstance.state == state)
    if template_key:
        query = query.where(WorkflowTemplate.key == template_key)
    if text:
        query = query.where(_matches(text))
    if overdue:
        query = query.where(is_late())
    if before is not None:
        query = query.where(WorkflowInstance.id < before)
    rows = session.scalars(query).all()
    page = [_summary(row) for row in rows[:limit]]
    return page, page[-1].id if len(rows) > limit else None


def is_late() -> ColumnElement[bool]:
    """Of instances: whether they are open and their time is over."""
    is_open = WorkflowInstance.ended_at.is_(None)  # said so, it finds the index of just these
    return is_open & (WorkflowInstance.due_at < clock.now())


def _matches(text: str) -> Any:
    pattern = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    found = WorkflowInstance.title.ilike(f"%{pattern}%", escape="\\")
    if text.isascii() and text.isdigit() and len(text) <= 18:
        return found | (WorkflowInstance.id == int(text))
    return found


def _summaries() -> Select[WorkflowInstance]:
    return (
        select(WorkflowInstance)
        .join(WorkflowInstance.template)
        .join(WorkflowInstance.version)
        .options(
            contains_eager(WorkflowInstance.template).load_only(
                WorkflowTemplate.key, WorkflowTemplate.name
            ),
            contains_eager(WorkflowInstance.version).load_only(WorkflowTemplateVersion.number),
        )
    )


def _summary(row: WorkflowInstance) -> InstanceSummary:
    return InstanceSummary(**_summary_values(row))


def _summary_values(row: WorkflowInstance) -> dict[str, Any]:
    return {
        "id": row.id,
        "template_id": row.template_id,
        "template_key": row.template.key,
        "template_name": row.template.name,
        "version": row.version.number,
        "title": row.title,
        "state": row.state,
        "needs_attention": row.needs_attention,
        "generation": row.generation,
        "started_by": row.started_by,
        "started_at": row.started_at,
        "ended_at": row.ended_at,
        "due_at": row.due_at,
        "overdue": _is_overdue(row.due_at, row.ended_at),
        "updated_at": row.updated_at,
    }


def read_instance(session: Session, instance_id: int, *, with_urls: bool = False) -> InstanceOut:
    """An instance with its steps and their logs. Raises NotFound. `with_urls`: with the secret
    URLs of callbacks, which are for those who may operate."""
    row = _find(session, instance_id)
    deliveries = _deliveries(session, instance_id)
    return InstanceOut(
        **_summary_values(row),
        input=row.input,
        event_seq=row.event_seq,
        allowed_actions=instance_actions(row.state, paused=row.paused),
        notification_log=deliveries.get(None, []),
        steps=_read_steps(session, row, deliveries, with_urls=with_urls),
    )


def read_step(session: Session, instance_id: int, key: str, *, with_urls: bool = False) -> StepOut:
    """One step with its logs, as it stands in its instance. Raises NotFound."""
    row = _find(session, instance_id)
    found = _read_steps(session, row, _deliveries(session, instance_id), key, with_urls=with_urls)
    if not found:
        raise NotFound("There is no such instance or step.")
    return found[0]


def _find(session: Session, instance_id: int) -> WorkflowInstance:
    row = session.scalar(_summaries().where(WorkflowInstance.id == instance_id))
    if row is None:
        raise NotFound("There is no such instance.")
    return row


def _read_steps(
    session: Session,
    row: WorkflowInstance,
    deliveries: dict[str | None, list[DeliveryOut]],
    key: str | None = None,
    *,
    with_urls: bool,
) -> list[StepOut]:
    query = select(WorkflowInstanceStep).where(WorkflowInstanceStep.instance_id == row.id)
    if key is not None:
        query = query.where(WorkflowInstanceStep.key == key)
    steps = session.scalars(query.order_by(WorkflowInstanceStep.position)).all()
    graph = graph_of(session.connection(), row.version_id)
    attempts = _attempts(session, [step.id for step in steps])
    found = [
        _step(step, row, graph.nodes[step.key].depends_on, attempts, deliveries) for step in steps
    ]
    if with_urls:
        put_urls(session, found)
    return found


def put_urls(session: Session, steps: Iterable[StepOut]) -> None:
    """Let steps that wait for a call show their URLs, as far as these can be shown."""
    waiting = {step.id: step for step in steps if step.action_type == WAIT_CALLBACK}
    if waiting:
        for step_id, url in callback_urls.of_steps(session.connection(), waiting.keys()).items():
            waiting[step_id].callback_url = url


def _step(
    step: WorkflowInstanceStep,
    instance: WorkflowInstance,
    depends_on: Sequence[str],
    attempts: dict[int, list[AttemptOut]],
    deliveries: dict[str | None, list[DeliveryOut]],
) -> StepOut:
    copied = (
        "id key name action_type action_config notification_policies state action_state reason "
        "assignee due_at next_attempt_at execution_token occurrence attempts max_attempts "
        "retry_count output error ready_at started_at completed_at"
    ).split()
    return StepOut(
        **{name: getattr(step, name) for name in copied},
        depends_on=list(depends_on),
        overdue=_is_overdue(step.due_at, step.completed_at),
        automation_log=attempts.get(step.id, []),
        notification_log=deliveries.get(step.key, []),
        allowed_actions=step_actions(
            step.action_type,
            step.state,
            step.action_state,
            instance.state,
            paused=instance.paused,
            recurs=step.occurrence is not None,
        ),
    )


def _is_overdue(due_at: datetime | None, ended_at: datetime | None) -> bool:
    """Whether something open is late now."""
    return due_at is not None and ended_at is None and due_at < clock.now()


def _deliveries(session: Session, instance_id: int) -> dict[str | None, list[DeliveryOut]]:
    """An instance's deliveries by the key of their step; None: of the whole."""
    found: dict[str | None, list[DeliveryOut]] = defaultdict(list)
    for delivery in deliveries.of_instance(session, instance_id):
        found[delivery.step_key].append(delivery)
    return found


def _attempts(session: Session, step_ids: Iterable[int]) -> dict[int, list[AttemptOut]]:
    log = AutomationExecutionLog
    rows = session.execute(
        select(log, Execution.replay_of)
        .join(Execution, Execution.id == log.execution_id)
        .where(log.step_id.in_(list(step_ids)))
        .order_by(log.id)
    )
    copied = (
        "attempt occurrence execution_token queued_at started_at ended_at duration_ms outcome "
        "status_code error request response worker"
    ).split()
    found: dict[int, list[AttemptOut]] = defaultdict(list)
    for row, replay_of in rows:
        values = {name: getattr(row, name) for name in copied}
        found[row.step_id].append(AttemptOut(**values, replay=replay_of is not None))
    return found


def list_events(
    session: Session, instance_id: int, *, after: int = 0, limit: int = 200
) -> tuple[list[EventOut], int | None]:
    """The history after event number `after`, oldest first, and the number to go on after (None:
    that was all). Raises NotFound."""
    if session.get(WorkflowInstance, instance_id) is None:
        raise NotFound("There is no such instance.")
    rows = session.scalars(
        select(Event)
        .where(Event.instance_id == instance_id, Event.seq > after)
        .order_by(Event.seq)
        .limit(limit + 1)
    ).all()
    page = [
        EventOut(
            seq=row.seq,
            at=row.at,
            kind=row.kind,
            step_key=row.step_key,
            actor=row.actor,
            reason=row.reason,
            data=row.data,
        )
        for row in rows[:limit]
    ]
    return page, page[-1].seq if len(rows) > limit else None
