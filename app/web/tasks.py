"""Tasks: the steps that wait for people."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Blueprint, render_template, request, url_for
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from app import clock, transaction
from app.domain import assignments
from app.models import WorkflowInstance, WorkflowInstanceStep, WorkflowTemplate
from app.models.vocabulary import InstanceState, State
from app.schemas.actions import PEOPLE_TYPES
from app.web import words
from app.web.access import Visitor, needs, visitor

blueprint = Blueprint("tasks", __name__)
MOST = 200
_GOING = (InstanceState.RUNNING, InstanceState.ATTENTION)


@dataclass(frozen=True, slots=True)
class Task:
    """A line of the list."""

    instance_id: int
    instance_title: str
    template_name: str
    key: str
    name: str
    state: str
    action_state: str
    who: str
    due_at: datetime | None
    ready_at: datetime | None
    overdue: bool


@blueprint.get("/tasks")
@needs("read")
def index() -> str:
    whose = "all" if request.args.get("whose") == "all" else "mine"
    overdue = request.args.get("due") == "overdue"
    with transaction.reading() as session:
        found = waiting(session, visitor() if whose == "mine" else None, overdue=overdue)
        total = count(session, None)
    page = {"tasks": found, "overdue": overdue, "total": total, "most": MOST}
    return render_template("tasks/index.html", chips=_chips(whose, overdue=overdue), **page)


def _chips(whose: str, *, overdue: bool) -> list[tuple[str, str, bool]]:
    """The ways to narrow the list: words, where they lead, whether that is here."""
    here = url_for("tasks.index")
    return [
        ("For you", here, whose == "mine" and not overdue),
        ("Overdue", url_for("tasks.index", due="overdue"), overdue),
        ("Everybody's", url_for("tasks.index", whose="all"), whose == "all" and not overdue),
    ]


def waiting(session: Session, who: Visitor | None, *, overdue: bool = False) -> list[Task]:
    """What waits for somebody (None: for anybody), what is due first on top."""
    step, instance, template = WorkflowInstanceStep, WorkflowInstance, WorkflowTemplate
    # fmt: off
    columns = (
        step.instance_id, instance.title, template.name.label("template_name"), step.key,
        step.name, step.state, step.action_state, step.assignee, step.due_at, step.ready_at,
    )
    # fmt: on
    query: Any = _waiting(session, select(*columns), who, overdue=overdue)
    query = query.join(template, template.id == instance.template_id)
    ordered = query.order_by(step.due_at.is_(None), step.due_at, step.id).limit(MOST)
    return [_task(row) for row in session.execute(ordered)]


def count(session: Session, who: Visitor | None, *, overdue: bool = False) -> int:
    step = WorkflowInstanceStep
    query = _waiting(session, select(func.count(step.id)), who, overdue=overdue)
    return session.scalar(query) or 0


def _waiting(session: Session, query: Any, who: Visitor | None, *, overdue: bool) -> Any:
    step, instance = WorkflowInstanceStep, WorkflowInstance
    query = query.join(instance, instance.id == step.instance_id).where(
        step.state.in_((State.READY, State.STARTED)),
        step.action_type.in_(PEOPLE_TYPES),
        instance.state.in_(_GOING),  # what is paused can't be done
    )
    if overdue:
        query = query.where(step.due_at < clock.now())
    return query if who is None else query.where(_theirs(session, who))


def _theirs(session: Session, who: Visitor) -> ColumnElement[bool]:
    """Assigned to them, to a group or role of theirs, or to nobody in particular."""
    mine = assignments.is_theirs(assignments.names_of(session, who.actor))
    return mine | assignments.is_nobodys() if who.may("operate") else mine


def _task(row: Any) -> Task:
    return Task(
        row.instance_id,
        row.title,
        row.template_name,
        row.key,
        row.name,
        row.state,
        row.action_state,
        words.who(row.assignee),
        row.due_at,
        row.ready_at,
        overdue=row.due_at is not None and row.due_at < clock.now(),
    )
