"""An instance as its page shows it: what the queries gave, and what the partials say in words."""

from collections.abc import Collection, Mapping
from typing import Any

from flask import url_for
from markupsafe import Markup
from sqlalchemy.orm import Session

from app.domain import assignments, queries
from app.domain.previews import Preview
from app.errors import NotFound
from app.models.vocabulary import State
from app.schemas.instance import AttemptOut, EventOut, InstanceOut, StepOut
from app.web import (
    callback_views,
    exchanges,
    failures,
    previews,
    recurrences,
    schedule_views,
    schema_forms,
    sentences,
    words,
)
from app.web.access import Visitor
from app.web.callback_views import CallbackView
from app.web.curl import curl
from app.web.failures import Failure
from app.web.graph import Graph, layout
from app.web.places import Place
from app.web.recurrences import RecurrenceView

EVENTS_SHOWN = 100
MOST_EVENTS = 2000  # of one page; who wants more reads them as JSON
_DONE = (State.COMPLETED, State.SKIPPED)


class AttemptView(AttemptOut):
    curl: str | None = None
    position: int  # in the step's log, from 1: what its URL names it by


class StepView(StepOut):
    waits_for: Markup | str | None
    standing: Markup | str | None
    duration_ms: int | None
    target: str | None
    failure: Failure
    callback: CallbackView | None
    recurrence: RecurrenceView | None
    when: None = None
    due_in: None = None

    model_config = {"arbitrary_types_allowed": True}


class InstanceView(InstanceOut):
    steps_done: int
    steps_total: int


class EventView(EventOut):
    step_name: str | None


def page(session: Session, instance_id: int, place: Place, visitor: Visitor) -> dict[str, Any]:
    """What `instances/_live.html` expects. Raises NotFound."""
    found = queries.read_instance(session, instance_id, with_urls=visitor.may("operate"))
    steps = step_views(session, found.steps, visitor)
    names = {step.key: step.name for step in steps}
    if place.key is not None and place.key not in names:
        raise NotFound("There is no such instance or step.")
    step = next((step for step in steps if step.key == place.key), None)
    events = _events(session, found, place, names)
    oldest = events[-1].seq if events else 1
    return {
        "instance": _instance(session, found, visitor),
        "steps": steps,
        "step": step,
        "events": events,
        "view": place.view,
        "graph": graph(steps) if place.view == "graph" else None,
        "older": place.url(instance_id, max(oldest - EVENTS_SHOWN, 1)) if oldest > 1 else None,
        "properties_open": False,
        "preview": _preview(session, found, place.key),
        "answers": schema_forms.answer_form(step) if step else None,
        "typed": {},
    }


def _preview(session: Session, found: InstanceOut, key: str | None) -> Preview | None:
    step = next((step for step in found.steps if step.key == key), None)
    return previews.of_instance_step(session, found, step) if step else None


def graph(steps: list[Any]) -> Graph:
    return layout([(step.key, step.name, step.depends_on) for step in steps])


def step_views(session: Session, steps: list[StepOut], visitor: Visitor) -> list[StepView]:
    by_key = {step.key: step for step in steps}
    names = assignments.names_of(session, visitor.actor)
    return [_step(step, by_key, visitor, names) for step in steps]


def _step(
    step: StepOut, by_key: Mapping[str, StepOut], visitor: Visitor, names: Collection[str]
) -> StepView:
    return StepView.model_construct(
        **dict(step)
        | {
            "assignee": words.who(step.assignee) if step.assignee else None,
            "automation_log": [
                _attempt(attempt, at) for at, attempt in enumerate(step.automation_log, start=1)
            ],
            "allowed_actions": [
                action
                for action in step.allowed_actions
                if assignments.allowed(visitor.actor, step.assignee, action, names)
            ],
            "waits_for": sentences.waits_for(step, by_key),
            "standing": sentences.standing(step),
            "duration_ms": sentences.duration_ms(step),
            "target": sentences.target(step),
            "failure": failures.of(step),
            "callback": callback_views.of(step, visitor),
            "recurrence": recurrences.of(step),
        }
    )


def _attempt(attempt: AttemptOut, position: int) -> AttemptView:
    request, response = exchanges.readable(attempt.request), exchanges.readable(attempt.response)
    shown = {"request": request, "response": response, "curl": curl(attempt.request)}
    shown |= {"position": position}
    return AttemptView.model_construct(**dict(attempt) | shown)


def _instance(session: Session, found: InstanceOut, visitor: Visitor) -> InstanceView:
    return InstanceView.model_construct(
        **dict(found)
        | {
            "started_by": _starter(session, found),
            "allowed_actions": found.allowed_actions if visitor.may("operate") else [],
            "steps_done": sum(step.state in _DONE for step in found.steps),
            "steps_total": len(found.steps),
        }
    )


def _starter(session: Session, found: InstanceOut) -> Markup | str:
    """Who started it; a schedule as a link to it, as long as it is there."""
    schedule = schedule_views.started_by(session, found.id)
    if schedule is None:
        return words.actor(found.started_by)
    url = url_for("schedules.show", schedule_id=schedule[0])
    return Markup('the schedule <a href="{}">{}</a>').format(url, schedule[1])


def _events(
    session: Session, found: InstanceOut, place: Place, names: Mapping[str, str]
) -> list[EventView]:
    """Newest first, from the oldest one asked for. Not beyond what the instance was read at: a
    later one may have been written since."""
    newest = found.event_seq
    first = place.oldest or newest - EVENTS_SHOWN + 1
    after = max(min(first, newest) - 1, newest - MOST_EVENTS, 0)
    rows, _ = queries.list_events(session, found.id, after=after, limit=max(newest - after, 1))
    return [_event(row, names) for row in reversed(rows) if row.seq <= newest]


def _event(row: EventOut, names: Mapping[str, str]) -> EventView:
    more = {"actor": words.actor(row.actor), "step_name": names.get(row.step_key or "")}
    return EventView.model_construct(**dict(row) | more)
