"""What people and programs do with what is planned: the next attempt of a step, or the next
occurrence of one that recurs."""

from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app import bells
from app.domain import lifecycle, series
from app.domain.actions import refuse
from app.domain.ledger import Ledger
from app.domain.records import InstanceRecord, StepRecord
from app.domain.steps import acting
from app.models import AutomationJob
from app.models.vocabulary import AUTOMATION_QUEUE, ActionState, JobKind, State
from app.schemas.base import zulu

_job = AutomationJob


def run_now(session: Session, instance_id: int, key: str, actor: str, reason: str = "") -> None:
    """Make the planned attempt due. In a series, the times after it stay as they are."""
    with acting(session, instance_id, key, "run-now", actor) as (ledger, instance, step):
        _make_due(ledger, instance, step, reason)


def reschedule(
    session: Session, instance_id: int, key: str, actor: str, reason: str = "", *, at: datetime
) -> None:
    """Give the planned attempt another time; one in the past means now. In a series, the times
    after it stay as they are. Raises MoveNotAllowed if a worker has just taken it."""
    with acting(session, instance_id, key, "reschedule", actor) as (ledger, instance, step):
        if at <= ledger.now:
            _make_due(ledger, instance, step, reason)
            return
        data = {"from": step.next_attempt_at and zulu(step.next_attempt_at)}
        _put_off(ledger, instance, step, at, "reschedule")
        data["nextAttemptAt"] = zulu(at)
        ledger.record(instance, "step.rescheduled", step, reason=reason, data=data)


def skip_occurrence(
    session: Session, instance_id: int, key: str, actor: str, reason: str = ""
) -> None:
    """Let the planned occurrence be and plan the one after it, with the same number and token;
    without one the series is over. Raises MoveNotAllowed if a worker has just taken it."""
    with acting(session, instance_id, key, "skip-occurrence", actor) as (ledger, instance, step):
        data: dict[str, Any] = {"skipped": step.occurrence_at and zulu(step.occurrence_at)}
        following = series.advance(ledger, instance, step)
        _put_off(ledger, instance, step, following or ledger.now, "skip-occurrence")
        if following is not None:
            step.occurrence_at = following
            data["nextAttemptAt"] = zulu(following)
        ledger.record(instance, "step.occurrence_skipped", step, reason=reason, data=data)
        if following is None:
            series.over(ledger, instance, step, "no other occurrence is to come")


def stop_recurrence(
    session: Session, instance_id: int, key: str, actor: str, reason: str = ""
) -> None:
    """Let the series end: now, as its last occurrence did, or with the one that a worker has."""
    with acting(session, instance_id, key, "stop-recurrence", actor) as (ledger, instance, step):
        step.recurs_until = ledger.now
        step.dirty = True
        between = _is_between(ledger, step)
        data = {"withThis": not between}
        ledger.record(instance, "step.recurrence_stopped", step, reason=reason, data=data)
        if between:
            series.over(ledger, instance, step, reason)


def _is_between(ledger: Ledger, step: StepRecord) -> bool:
    """Whether no occurrence has begun, or is in a worker's hands. Nobody can take it until this
    transaction ends."""
    query = select(_job.lease_token).where(_job.step_id == step.id, _job.kind == JobKind.STEP)
    is_taken = ledger.session.scalar(query.with_for_update()) is not None
    begun = step.action_state in (ActionState.RUNNING, ActionState.RETRY_WAIT)
    retried = step.action_state == ActionState.QUEUED and step.attempts > 0
    return not (begun or retried or is_taken)


def _make_due(ledger: Ledger, instance: InstanceRecord, step: StepRecord, reason: str) -> None:
    """If a worker has it already, so much the better."""
    if step.state == State.READY:
        step.next_attempt_at, move, state = None, "run_scheduled_now", ActionState.QUEUED
    else:
        step.next_attempt_at, move = ledger.now, "run_retry_now"
        state = ActionState(step.action_state)
    lifecycle.apply(ledger, instance, step, move, state, reason=reason)
    _set_due(ledger, step, ledger.now)


def _put_off(
    ledger: Ledger, instance: InstanceRecord, step: StepRecord, at: datetime, action: str
) -> None:
    """Another time for what is planned, unless a worker has it."""
    if not _set_due(ledger, step, at):
        message = f"'{action}' is not possible: a worker has just taken the step up."
        refuse(ledger, instance, step, message)
    step.next_attempt_at = at
    step.dirty = True


def _set_due(ledger: Ledger, step: StepRecord, at: datetime) -> bool:
    """Let the job that a step owes be due at another time; False if a worker holds it."""
    free = (_job.step_id == step.id, _job.kind == JobKind.STEP, _job.lease_token.is_(None))
    changed = ledger.session.execute(
        update(_job).where(*free).values(run_at=at, queued_at=at).returning(_job.id)
    ).all()
    bells.ask(ledger.session.info, AUTOMATION_QUEUE, at if at > ledger.now else None)
    return bool(changed)
