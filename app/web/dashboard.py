"""The dashboard: what needs somebody now, what happened last, and how each template stands."""

from dataclasses import dataclass

from flask import Blueprint, render_template, url_for
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from app import transaction
from app.domain import queries
from app.models import WorkflowInstance
from app.models.vocabulary import InstanceState
from app.web import instance_lists, tasks, template_lists
from app.web.access import Visitor, needs, visitor

blueprint = Blueprint("dashboard", __name__)
LATEST = 10
_state = WorkflowInstance.state


@dataclass(frozen=True, slots=True)
class Need:
    """A number that asks for somebody, with its name, its mark and where it leads."""

    number: int
    words: str
    mark: str
    href: str


@blueprint.get("/")
@needs("read")
def show() -> str:
    with transaction.reading() as session:
        latest, _ = queries.list_instances(session, limit=LATEST)
        page = {
            "needs": needs_somebody(session, visitor()),
            "running": _count(session, _state == InstanceState.RUNNING),
            "instances": instance_lists.rows(session, latest),
            "templates": template_lists.rows(session),
        }
    return render_template("dashboard/show.html", **page)


def needs_somebody(session: Session, who: Visitor) -> list[Need]:
    """Worst first; what is zero is left out."""
    attention = _count(session, _state == InstanceState.ATTENTION)
    paused = _count(session, _state == InstanceState.PAUSED)
    overdue, waiting = tasks.count(session, who, overdue=True), tasks.count(session, who)
    late = _count(session, queries.is_late())
    listed = "instances.index"
    all_needs = (
        Need(
            attention,
            f"instance{_s(attention)} need{'' if attention != 1 else 's'} attention",
            "attention",
            url_for(listed, state="ATTENTION"),
        ),
        Need(
            overdue, f"task{_s(overdue)} overdue", "failed", url_for("tasks.index", due="overdue")
        ),
        Need(
            late,
            f"instance{_s(late)} overdue",
            "failed",
            url_for(listed, due="overdue"),
        ),
        Need(waiting, f"task{_s(waiting)} for you", "ready", url_for("tasks.index")),
        Need(paused, f"instance{_s(paused)} paused", "paused", url_for(listed, state="PAUSED")),
    )
    return [need for need in all_needs if need.number]


def _s(number: int) -> str:
    return "" if number == 1 else "s"


def _count(session: Session, which: ColumnElement[bool]) -> int:
    return session.scalar(select(func.count()).select_from(WorkflowInstance).where(which)) or 0
