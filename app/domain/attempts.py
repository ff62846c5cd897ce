"""What workers bring back: attempts that began and ended, written in groups under the locks of
their instances. A result whose lease is gone changes nothing and is logged as fenced."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Event
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from app import bells
from app.domain import claims, lifecycle
from app.domain.claims import Claim
from app.domain.ledger import Ledger, changing
from app.domain.outcomes import Outcome, Span
from app.domain.records import InstanceRecord, StepRecord
from app.domain.retries import wait_before_next
from app.models import AutomationExecutionLog
from app.models.vocabulary import AUTOMATION_QUEUE, ActionState, AttemptOutcome, JobKind, State
from app.schemas.base import zulu
from app.schemas.retry import Retry

# Seconds a step rests after it lost its first, second, … worker while alone. A step that really
# kills workers then does it less often; one that was merely there when somebody else killed them
# is not there the next time.
RESTS = (5, 20, 60)
LOST = "The worker was lost while it tried; the receiver may have acted."


@dataclass(frozen=True, slots=True)
class Report:
    """A worker's word on a claim: it began (no outcome yet), or it ended with this outcome."""

    claim: Claim
    span: Span
    worker: str
    outcome: Outcome | None = None
    # Set once this is in the database (or never will be), for whoever waits for that.
    written: Event | None = None


def settle(session: Session, reports: Iterable[Report]) -> None:
    """Write a group of reports, in their order."""
    group = list(reports)
    with changing(session, {report.claim.instance_id for report in group}) as ledger:
        leased = claims.still_leased(session.connection(), {report.claim.id for report in group})
        for report in group:
            if leased.get(report.claim.id) == report.claim.lease_token:
                _write(ledger, report)
            elif report.outcome is not None:
                _fence(ledger, report)


def _write(ledger: Ledger, report: Report) -> None:
    instance, step = _find(ledger, report.claim)
    if report.outcome is None:
        _begin(ledger, instance, step, report.claim, report.span, report.worker)
    else:
        _end(ledger, instance, step, report, report.outcome)


def _find(ledger: Ledger, claim: Claim) -> tuple[InstanceRecord, StepRecord]:
    instance = ledger.instances[claim.instance_id]
    return instance, next(s for s in instance.steps.values() if s.id == claim.step_id)


def _begin(
    ledger: Ledger,
    instance: InstanceRecord,
    step: StepRecord,
    claim: Claim,
    span: Span,
    worker: str,
) -> None:
    ledger.attempts[(claim.execution_id or 0, claim.attempt)] = _attempt(claim, span, worker)
    if claim.kind != JobKind.STEP:
        return
    step.attempts = claim.attempt
    step.next_attempt_at = None
    move = "start" if step.state == State.READY else "try_again"
    data = {"attempt": claim.attempt, "of": claim.allowed, "worker": worker}
    lifecycle.apply(
        ledger, instance, step, move, ActionState.RUNNING, data=data, at=span.started_at
    )


def _attempt(claim: Claim, span: Span, worker: str) -> dict[str, Any]:
    return {
        "step_id": claim.step_id,
        "execution_id": claim.execution_id,
        "execution_token": claim.execution_token,
        "occurrence": claim.occurrence,
        "attempt": claim.attempt,
        "queued_at": claim.queued_at,
        "started_at": span.started_at,
        "worker": worker,
    } | _ending(None, None)


def _ending(span: Span | None, outcome: Outcome | None, word: str | None = None) -> dict[str, Any]:
    return {
        "ended_at": span.ended_at if span else None,
        "duration_ms": round(span.seconds * 1000) if span else None,
        "outcome": word,
        "status_code": outcome.status_code if outcome else None,
        "error": outcome.error if outcome else None,
        "request": outcome.request if outcome else None,
        "response": outcome.response if outcome else None,
    }


def _end(
    ledger: Ledger,
    instance: InstanceRecord,
    step: StepRecord,
    report: Report,
    outcome: Outcome,
) -> None:
    claim, span = report.claim, report.span
    again = outcome.verdict == "returned" or (
        outcome.verdict == "retry" and claim.attempt < claim.allowed
    )
    word = _word(outcome, again)
    ledger.close_attempt(claim.execution_id or 0, claim.attempt, _ending(span, outcome, word))
    ledger.ended_executions.append(
        {
            "b_id": claim.execution_id,
            "attempts": claim.attempt,
            "allowed": claim.allowed,
            "outcome": None if again else word,
            "ended_at": None if again else span.ended_at,
        }
    )
    run_at = _postpone(ledger, claim, outcome) if again else None
    if not again:
        ledger.done_jobs.append(claim.id)
    if claim.kind == JobKind.STEP:
        _move(ledger, instance, step, report, outcome, run_at)
    elif not again:
        data = _facts(report, outcome)
        ledger.record(instance, "attempt.replay_finished", step, data=data | {"outcome": word})


def _word(outcome: Outcome, again: bool) -> AttemptOutcome:
    if outcome.verdict == "done":
        return AttemptOutcome.SUCCEEDED
    if outcome.unknown:
        return AttemptOutcome.UNKNOWN
    return AttemptOutcome.RETRY if again else AttemptOutcome.FAILED


def _postpone(ledger: Ledger, claim: Claim, outcome: Outcome) -> datetime:
    returned = outcome.verdict == "returned"
    wait = 0.0 if returned else _wait(claim, outcome)
    run_at = ledger.now + timedelta(seconds=wait)
    ledger.postponed.append(
        {
            "b_id": claim.id,
            "run_at": run_at,
            "queued_at": run_at,
            "attempt": claim.attempt + 1,
            "allowed": claim.allowed + returned,
            "losses": 0,
            "losses_alone": 0,
        }
    )
    bells.ask(ledger.session.info, AUTOMATION_QUEUE, run_at)
    return run_at


def _wait(claim: Claim, outcome: Outcome) -> float:
    retry = Retry.model_validate(claim.action_config.get("retry") or {})
    # A retry by an operator starts the schedule anew, while attempt numbers go on.
    tries_of_this_budget = claim.attempt - (claim.allowed - retry.allowed)
    return wait_before_next(retry, max(tries_of_this_budget, 1), outcome.retry_after)


def _move(
    ledger: Ledger,
    instance: InstanceRecord,
    step: StepRecord,
    report: Report,
    outcome: Outcome,
    run_at: datetime | None,
) -> None:
    data, at = _facts(report, outcome), report.span.ended_at
    step.error = outcome.error
    if outcome.verdict == "returned":
        step.max_attempts = report.claim.allowed + 1
    if outcome.verdict == "done":
        step.output, step.output_changed = outcome.output, True
        lifecycle.apply(ledger, instance, step, "complete", ActionState.COMPLETED, data=data, at=at)
    elif run_at is not None:
        step.next_attempt_at = run_at
        data["nextAttemptAt"] = zulu(run_at)
        lifecycle.apply(
            ledger, instance, step, "retry_later", ActionState.RETRY_WAIT, data=data, at=at
        )
    else:
        lifecycle.apply(ledger, instance, step, "fail", ActionState.FAILED, data=data, at=at)


def _facts(report: Report, outcome: Outcome) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "attempt": report.claim.attempt,
        "of": report.claim.allowed,
        "durationMs": round(report.span.seconds * 1000),
    }
    if outcome.status_code is not None:
        facts["statusCode"] = outcome.status_code
    if outcome.error:
        facts["error"] = outcome.error
    if outcome.unknown:
        facts["unknown"] = True
    return facts


def _fence(ledger: Ledger, report: Report) -> None:
    """The step was taken away meanwhile. What came back is kept for the record, nothing more."""
    claim, outcome = report.claim, report.outcome
    instance, step = _find(ledger, claim)
    row = _attempt(claim, report.span, report.worker)
    ledger.fenced.append(row | _ending(report.span, outcome, AttemptOutcome.FENCED))
    data = {"attempt": claim.attempt, "worker": report.worker}
    ledger.record(instance, "attempt.fenced", step, data=data)


def give_back_expired(session: Session, poison_after: int) -> int:
    """Take back the jobs of workers that stopped renewing; returns how many.

    Each gets an attempt row 'unknown' that does not count against its tries, and goes on with
    the same execution. One that took down `poison_after` workers alone is set aside.
    """
    rows = claims.expired(session.connection())
    steps = [row for row in rows if row.kind in (JobKind.STEP, JobKind.REPLAY)]
    others = [row for row in rows if row.step_id is None or row.execution_id is None]
    with changing(session, {row.instance_id for row in steps}) as ledger:
        leased = claims.still_leased(
            session.connection(), {row.id for row in steps}, until=ledger.now
        )
        for row in steps:
            if leased.get(row.id) == row.lease_token:
                _lose(ledger, row, poison_after)
    claims.hand_back(session.connection(), others)  # type: ignore[reportArgumentType]
    return len(rows)


def _lose(ledger: Ledger, row: Row[Any], poison_after: int) -> None:
    claim = Claim(**{name: getattr(row, name) for name in Claim.__slots__})
    instance, step = _find(ledger, claim)
    begun = _has_begun(ledger, claim)
    if claim.losses and not begun:
        # After its first loss a job begins on record before it does anything. Lost without that
        # record, it only sat beside the one that took the worker down: nothing was tried.
        _postpone_lost(ledger, claim, ledger.now, tried=False, losses_alone=claim.losses_alone)
        return
    was_alone = claim.losses >= claims.ALONE_AFTER
    losses_alone = claim.losses_alone + was_alone
    rest = RESTS[min(losses_alone, len(RESTS)) - 1] if was_alone else 0
    run_at = ledger.now + timedelta(seconds=rest)
    _log_lost_attempt(ledger, instance, step, claim, row, run_at, begun=begun)
    if losses_alone >= poison_after:
        _poison(ledger, instance, step, claim, losses_alone)
        return
    _postpone_lost(ledger, claim, run_at, tried=True, losses_alone=losses_alone)


def _postpone_lost(
    ledger: Ledger, claim: Claim, run_at: datetime, *, tried: bool, losses_alone: int
) -> None:
    ledger.postponed.append(
        {
            "b_id": claim.id,
            "run_at": run_at,
            "queued_at": run_at,
            "attempt": claim.attempt + tried,
            "allowed": claim.allowed + tried,
            "losses": claim.losses + tried,
            "losses_alone": losses_alone,
        }
    )
    bells.ask(ledger.session.info, AUTOMATION_QUEUE, run_at)


def _log_lost_attempt(
    ledger: Ledger,
    instance: InstanceRecord,
    step: StepRecord,
    claim: Claim,
    row: Row[Any],
    run_at: datetime,
    *,
    begun: bool,
) -> None:
    span = Span(row.claimed_at, ledger.now, (ledger.now - row.claimed_at).total_seconds())
    unknown = Outcome(verdict="retry", error=LOST, unknown=True)
    ending = _ending(span, unknown, AttemptOutcome.UNKNOWN)
    if not begun:
        _begin(ledger, instance, step, claim, span, row.worker)
    ledger.close_attempt(claim.execution_id or 0, claim.attempt, ending)
    if claim.kind == JobKind.STEP:
        step.error = LOST
        step.max_attempts = claim.allowed + 1
        step.next_attempt_at = run_at
        data = {
            "attempt": claim.attempt,
            "worker": row.worker,
            "nextAttemptAt": zulu(run_at),
        }
        lifecycle.apply(ledger, instance, step, "lose_worker", ActionState.RETRY_WAIT, data=data)


def _has_begun(ledger: Ledger, claim: Claim) -> bool:
    """Whether the lost worker had got to writing down that it began."""
    log = AutomationExecutionLog
    query = select(log.id).where(
        log.execution_id == claim.execution_id,
        log.attempt == claim.attempt,
        log.ended_at.is_(None),
    )
    return ledger.session.execute(query).first() is not None


def _poison(
    ledger: Ledger, instance: InstanceRecord, step: StepRecord, claim: Claim, losses: int
) -> None:
    ledger.done_jobs.append(claim.id)
    ledger.ended_executions.append(
        {
            "b_id": claim.execution_id,
            "attempts": claim.attempt,
            "allowed": claim.allowed,
            "outcome": AttemptOutcome.UNKNOWN,
            "ended_at": ledger.now,
        }
    )
    error = (
        f"Set aside: {losses} workers in a row were lost while they did this step and nothing else."
    )
    data = {"attempt": claim.attempt, "error": error}
    if claim.kind == JobKind.STEP:
        step.error = error
        lifecycle.apply(ledger, instance, step, "poison", ActionState.POISONED, data=data)
    else:
        data["outcome"] = AttemptOutcome.UNKNOWN
        ledger.record(instance, "attempt.replay_finished", step, data=data)
