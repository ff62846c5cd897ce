"""Tasks: the steps that wait for people, what is due first on top. Asked by both doors."""

from typing import Any

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session

from app import clock
from app.domain import assignments, permissions
from app.domain.people import Actor
from app.models import WorkflowInstance, WorkflowInstanceStep, WorkflowTemplate
from app.models.vocabulary import InstanceState, State
from app.schemas.actions import PEOPLE_TYPES
from app.schemas.task import TaskOut

_GOING = (InstanceState.RUNNING, InstanceState.ATTENTION)
_step, _instance, _template = WorkflowInstanceStep, WorkflowInstance, WorkflowTemplate


def list_tasks(
    session: Session,
    who: Actor | None,
    *,
    overdue: bool = False,
    beyond: int | None = None,
    limit: int = 50,
) -> tuple[list[TaskOut], int | None]:
    """What waits for somebody (None: for anybody), and the id to go on beyond (None: that was
    all)."""
    query = _waiting(session, _columns(), who, overdue=overdue)
    query = query.join(_template, _template.id == _instance.template_id)
    if beyond is not None:
        query = query.where(_is_beyond(session, beyond))
    ordered = query.order_by(_step.due_at.is_(None), _step.due_at, _step.id).limit(limit + 1)
    rows = session.execute(ordered).all()
    return [_task(row) for row in rows[:limit]], rows[limit - 1].id if len(rows) > limit else None


def count(session: Session, who: Actor | None, *, overdue: bool = False) -> int:
    """How many there are."""
    return session.scalar(_waiting(session, select(func.count()), who, overdue=overdue)) or 0


def _columns() -> Select[*tuple[Any, ...]]:
    # fmt: off
    return select(
        _step.id, _step.instance_id, _instance.title, _template.key.label("template_key"),
        _template.name.label("template_name"), _step.key, _step.name, _step.action_type,
        _step.state, _step.action_state, _step.assignee, _step.due_at, _step.ready_at,
    )
    # fmt: on


def _waiting(session: Session, query: Any, who: Actor | None, *, overdue: bool) -> Any:
    query = query.select_from(_step).join(_instance, _instance.id == _step.instance_id)
    query = query.where(
        _step.state.in_((State.READY, State.STARTED)),
        _step.action_type.in_(PEOPLE_TYPES),
        _instance.state.in_(_GOING),  # what is paused can't be done
    )
    if overdue:
        query = query.where(_step.due_at < clock.now())
    return query if who is None else query.where(_theirs(session, who))


def _theirs(session: Session, who: Actor) -> ColumnElement[bool]:
    """Assigned to them, to a group or role of theirs, or to nobody in particular."""
    mine = assignments.is_theirs(assignments.names_of(session, who))
    operates = permissions.allows(who, "operate")
    return mine | assignments.is_nobodys() if operates else mine


def _is_beyond(session: Session, step_id: int) -> ColumnElement[bool]:
    """Of steps: whether they stand below this one in the list. It may have left it meanwhile."""
    due_at = session.scalar(select(_step.due_at).where(_step.id == step_id))
    same = _step.id > step_id
    if due_at is None:
        return _step.due_at.is_(None) & same
    return _step.due_at.is_(None) | (_step.due_at > due_at) | ((_step.due_at == due_at) & same)


def _task(row: Any) -> TaskOut:
    return TaskOut(
        id=row.id,
        instance_id=row.instance_id,
        instance_title=row.title,
        template_key=row.template_key,
        template_name=row.template_name,
        key=row.key,
        name=row.name,
        action_type=row.action_type,
        state=row.state,
        action_state=row.action_state,
        assignee=row.assignee,
        due_at=row.due_at,
        ready_at=row.ready_at,
        overdue=row.due_at is not None and row.due_at < clock.now(),
    )
