"""/instances/{id}/steps/{key}: what people and programs do with one step. The answer is the step
as it is then."""

from collections.abc import Callable
from functools import partial
from typing import Any

from flask import Blueprint

from app.api.endpoint import Ask, endpoint
from app.api.rendering import Reply, ok
from app.domain import assignments, permissions, planned, queries, steps
from app.schemas.instance import CompleteIn, Reason, ReplayIn, RescheduleIn, StepOut

blueprint = Blueprint("api_steps", __name__)
STEP = "/instances/<id:instance_id>/steps/<key:key>"


@blueprint.post(f"{STEP}/start")
@endpoint(
    "Begin a step that people do", permission="work on own steps", takes=Reason, gives=StepOut
)
def start_step(ask: Ask[Reason], instance_id: int, key: str) -> Reply:
    assignments.require(ask.session, ask.actor, instance_id, key, "start")
    return act(steps.start, ask, instance_id, key)


@blueprint.post(f"{STEP}/complete")
@endpoint(
    "Complete a step that people do, with what it produced",
    permission="work on own steps",
    takes=CompleteIn,
    gives=StepOut,
)
def complete_step(ask: Ask[CompleteIn], instance_id: int, key: str) -> Reply:
    body = ask.body
    assignments.require(ask.session, ask.actor, instance_id, key, "complete")
    steps.complete(ask.session, instance_id, key, ask.actor.name, body.output, body.reason)
    return _as_it_is(ask, instance_id, key)


@blueprint.post(f"{STEP}/fail")
@endpoint(
    "Say that a step that people do can't be done",
    permission="operate",
    takes=Reason,
    gives=StepOut,
)
def fail_step(ask: Ask[Reason], instance_id: int, key: str) -> Reply:
    return act(steps.fail, ask, instance_id, key)


@blueprint.post(f"{STEP}/retry")
@endpoint(
    "Try a failed step again: same execution and token, fresh tries",
    permission="operate",
    takes=Reason,
    gives=StepOut,
)
def retry_step(ask: Ask[Reason], instance_id: int, key: str) -> Reply:
    return act(steps.retry, ask, instance_id, key)


@blueprint.post(f"{STEP}/skip")
@endpoint("Go on without a step", permission="operate", takes=Reason, gives=StepOut)
def skip_step(ask: Ask[Reason], instance_id: int, key: str) -> Reply:
    return act(steps.skip, ask, instance_id, key)


@blueprint.post(f"{STEP}/replay")
@endpoint(
    "Carry an automation step out once more; `executionToken` is the new execution's",
    permission="operate",
    takes=ReplayIn,
    gives=StepOut,
)
def replay_step(ask: Ask[ReplayIn], instance_id: int, key: str) -> Reply:
    verb = partial(steps.replay, occurrence=ask.body.occurrence)
    token = verb(ask.session, instance_id, key, ask.actor.name, ask.body.reason)
    step = queries.read_step(ask.session, instance_id, key)
    return Reply(step.document() | {"executionToken": token})


@blueprint.post(f"{STEP}/run-now")
@endpoint("Make the planned attempt due", permission="operate", takes=Reason, gives=StepOut)
def run_step_now(ask: Ask[Reason], instance_id: int, key: str) -> Reply:
    return act(planned.run_now, ask, instance_id, key)


@blueprint.post(f"{STEP}/reschedule")
@endpoint(
    "Give the planned attempt another time; one in the past means now",
    permission="operate",
    takes=RescheduleIn,
    gives=StepOut,
)
def reschedule_step(ask: Ask[RescheduleIn], instance_id: int, key: str) -> Reply:
    return act(partial(planned.reschedule, at=ask.body.at), ask, instance_id, key)


@blueprint.post(f"{STEP}/skip-occurrence")
@endpoint(
    "Let the planned occurrence of a step that recurs be, and plan the one after it",
    permission="operate",
    takes=Reason,
    gives=StepOut,
)
def skip_step_occurrence(ask: Ask[Reason], instance_id: int, key: str) -> Reply:
    return act(planned.skip_occurrence, ask, instance_id, key)


@blueprint.post(f"{STEP}/stop-recurrence")
@endpoint(
    "End a step's series: now, as its last occurrence did, or with the one that runs",
    permission="operate",
    takes=Reason,
    gives=StepOut,
)
def stop_step_recurrence(ask: Ask[Reason], instance_id: int, key: str) -> Reply:
    return act(planned.stop_recurrence, ask, instance_id, key)


def act(verb: Callable[..., Any], ask: Ask[Any], instance_id: int, key: str) -> Reply:
    """Carry out a verb and answer with the step as it is then."""
    verb(ask.session, instance_id, key, ask.actor.name, ask.body.reason)
    return _as_it_is(ask, instance_id, key)


def _as_it_is(ask: Ask[Any], instance_id: int, key: str) -> Reply:
    """The step, with its secret URL for who may call it; whose step it is may not for that."""
    may_call = permissions.allows(ask.actor, "operate")
    return ok(queries.read_step(ask.session, instance_id, key, with_urls=may_call))
