"""Instances in lists: what each waits for and how far it is, in two queries for all of them."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import request, url_for
from markupsafe import Markup
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.domain import queries, template_queries
from app.models import WorkflowInstanceStep
from app.models.vocabulary import InstanceState, State
from app.schemas.instance import InstanceSummary
from app.web import sentences
from app.web.old_names import with_old_names

ROWS = 50
_DONE = (State.COMPLETED, State.SKIPPED)
_OPEN = (State.READY, State.STARTED, State.FAILED)


class InstanceRow(InstanceSummary):
    """A line of a list."""

    waits_for: Any
    steps_done: int
    steps_total: int


@dataclass(frozen=True, slots=True)
class Filters:
    """What the URL of the list says, under the names that the API has for it. Empty: everything."""

    state: str = ""
    template_key: str = ""
    q: str = ""
    overdue: bool = False
    cursor: int | None = None

    @classmethod
    def read(cls) -> "Filters":
        given = with_old_names(request.args, template="templateKey")
        state, template_key, q, cursor = (
            given.get(name, "").replace("\x00", "").strip()[:500]
            for name in ("state", "templateKey", "q", "cursor")
        )
        digits = cursor.isascii() and cursor.isdigit() and len(cursor) <= 18
        overdue = given.get("overdue") == "true" or given.get("due") == "overdue"
        return cls(state, template_key, q, overdue, int(cursor) if digits else None)

    @property
    def any(self) -> bool:
        return bool(self.state or self.template_key or self.q or self.overdue)

    def url(self, **other: Any) -> str:
        """The same list with some of it changed."""
        given = {"state": self.state, "templateKey": self.template_key, "q": self.q}
        given |= {"overdue": "true" if self.overdue else ""} | other
        values: dict[str, Any] = {name: value or None for name, value in given.items()}
        return url_for("instances.index", **values)


def list_page(session: Session, filters: Filters) -> dict[str, Any]:
    """What instances/index.html expects beside the filters."""
    found, cursor = queries.list_instances(
        session,
        state=filters.state or None,
        template_key=filters.template_key or None,
        text=filters.q or None,
        overdue=filters.overdue,
        before=filters.cursor,
        limit=ROWS,
    )
    templates, _ = template_queries.list_templates(session, limit=200)
    return {
        "instances": rows(session, found),
        "next_url": filters.url(cursor=cursor) if cursor else None,
        "templates": sorted(templates, key=lambda template: template.name.lower()),
        "states": [("", "All"), *_WORDS.items()],
    }


_WORDS = {
    InstanceState.ATTENTION: "Needs attention",
    InstanceState.RUNNING: "Running",
    InstanceState.PAUSED: "Paused",
    InstanceState.COMPLETED: "Completed",
    InstanceState.CANCELLED: "Cancelled",
}


def rows(session: Session, found: Sequence[InstanceSummary]) -> list[InstanceRow]:
    """The lines of these instances."""
    ids = [instance.id for instance in found]
    counts = _counts(session, ids)
    open_steps = _open_steps(session, ids)
    return [
        InstanceRow.model_construct(
            **dict(instance),
            waits_for=_waits_for(instance, open_steps[instance.id]),
            steps_done=sum(counts[instance.id, state] for state in _DONE),
            steps_total=sum(counts[instance.id, state] for state in State),
        )
        for instance in found
    ]


def _waits_for(instance: InstanceSummary, steps: Sequence[Any]) -> Markup | str | None:
    if instance.state == InstanceState.PAUSED:
        return "Nothing new starts until it is resumed"
    return None if instance.ended_at else sentences.most_urgent(steps)


def _counts(session: Session, ids: Sequence[int]) -> Counter[tuple[int, str]]:
    step = WorkflowInstanceStep
    query = (
        select(step.instance_id, step.state, func.count())
        .where(step.instance_id.in_(ids))
        .group_by(step.instance_id, step.state)
    )
    return Counter({(id, state): number for id, state, number in session.execute(query)})


def _open_steps(session: Session, ids: Sequence[int]) -> defaultdict[int, list[Any]]:
    step = WorkflowInstanceStep
    # fmt: off
    columns = (
        step.instance_id, step.name, step.action_type, step.state, step.action_state,
        step.assignee, step.error, step.reason, step.attempts, step.max_attempts,
        step.next_attempt_at, step.due_at, step.occurrence,
        step.action_config["recurrence", "count"].as_integer().label("occurrences"),
    )
    # fmt: on
    query = select(*columns).where(step.instance_id.in_(ids), step.state.in_(_OPEN))
    found: defaultdict[int, list[Any]] = defaultdict(list)
    for row in session.execute(query.order_by(step.instance_id, step.position)):
        found[row.instance_id].append(row)
    return found
