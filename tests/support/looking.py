"""What a test asks of the database, in a word each."""

from collections.abc import Callable
from typing import Any, TypeVar

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import transaction
from app.domain import instances, planned, queries, steps
from app.errors import MoveNotAllowed
from app.models import AutomationExecutionLog, AutomationJob, Event, Execution
from app.models.vocabulary import AUTOMATION_QUEUE
from app.schemas.instance import InstanceOut, StepOut
from tests.support.workflows import OPERATOR

Result = TypeVar("Result")

STEP_VERBS: dict[str, Callable[..., Any]] = {
    "start": steps.start,
    "complete": steps.complete,
    "fail": steps.fail,
    "retry": steps.retry,
    "skip": steps.skip,
    "replay": steps.replay,
    "run-now": planned.run_now,
    "reschedule": planned.reschedule,
    "skip-occurrence": planned.skip_occurrence,
    "stop-recurrence": planned.stop_recurrence,
}
INSTANCE_VERBS: dict[str, Callable[..., Any]] = {
    "pause": instances.pause,
    "resume": instances.resume,
    "cancel": instances.cancel,
}


def change(verb: Callable[..., Result], *args: Any, **more: Any) -> Result:
    """Call a domain verb in a transaction of its own."""
    with transaction.writing() as session:
        return verb(session, *args, **more)


def look(query: Callable[[Session], Result]) -> Result:
    """Ask something in a reading transaction of its own."""
    with transaction.reading() as session:
        return query(session)


def do(instance_id: int, action: str, key: str | None = None, **more: Any) -> Any:
    """What the operator's button of that name does."""
    if key is None:
        return change(INSTANCE_VERBS[action], instance_id, OPERATOR, **more)
    return change(STEP_VERBS[action], instance_id, key, OPERATOR, **more)


def refuses(instance_id: int, action: str, key: str | None = None) -> MoveNotAllowed:
    """The refusal that the action meets; fails the test if it is allowed."""
    with pytest.raises(MoveNotAllowed) as refusal:
        do(instance_id, action, key)
    return refusal.value


def instance_of(instance_id: int) -> InstanceOut:
    return look(lambda session: queries.read_instance(session, instance_id))


def step_of(instance_id: int, key: str) -> StepOut:
    return next(step for step in instance_of(instance_id).steps if step.key == key)


def states(instance_id: int) -> dict[str, str]:
    return {step.key: step.state for step in instance_of(instance_id).steps}


def state_pair(instance_id: int, key: str) -> tuple[str, str]:
    step = step_of(instance_id, key)
    return step.state, step.action_state


def events_of(instance_id: int) -> list[Event]:
    query = select(Event).where(Event.instance_id == instance_id).order_by(Event.seq)
    return look(lambda session: list(session.scalars(query)))


def kinds(instance_id: int, key: str | None = None) -> list[str]:
    """The kinds of an instance's events (or one step's), in order."""
    events = events_of(instance_id)
    return [event.kind for event in events if key is None or event.step_key == key]


def jobs() -> list[AutomationJob]:
    """What workers owe, the longest due first."""
    query = (
        select(AutomationJob)
        .where(AutomationJob.queue == AUTOMATION_QUEUE)
        .order_by(AutomationJob.run_at, AutomationJob.id)
    )
    return look(lambda session: list(session.scalars(query)))


def executions_of(step_id: int) -> list[Execution]:
    query = select(Execution).where(Execution.step_id == step_id).order_by(Execution.id)
    return look(lambda session: list(session.scalars(query)))


def attempts_of(step_id: int) -> list[AutomationExecutionLog]:
    log = AutomationExecutionLog
    query = select(log).where(log.step_id == step_id).order_by(log.id)
    return look(lambda session: list(session.scalars(query)))
