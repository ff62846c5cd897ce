"""Jobs whose worker was lost: they are taken back, told of, and go on."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from app import bells
from app.domain import attempt_lines, claims, counting, lifecycle, tries
from app.domain.attempts import begin, ending, find
from app.domain.claims import Claim
from app.domain.ledger import Ledger, changing
from app.domain.outcomes import Outcome, Span
from app.domain.records import InstanceRecord, StepRecord
from app.domain.reports import Report
from app.models import AutomationExecutionLog
from app.models.vocabulary import ActionState, AttemptOutcome, JobKind
from app.schemas.actions import WAIT_CALLBACK
from app.schemas.base import zulu

# Seconds a step rests after it lost its first, second, … worker while alone. A step that really
# kills workers then does it less often; one that was merely there when somebody else killed them
# is not there the next time.
RESTS = (5, 20, 60)
LOST = "The worker was lost while it tried; the receiver may have acted."
UNKNOWN = Outcome(verdict="retry", error=LOST, unknown=True)


def give_back_expired(session: Session, poison_after: int, dead: Collection[str] = ()) -> int:
    """Take back the jobs of workers that stopped renewing, and of those that are known to be
    `dead`; returns how many.

    Each gets an attempt row 'unknown' that does not count against its tries, and goes on with
    the same execution. One that took down `poison_after` workers alone is set aside.
    """
    rows = claims.expired(session.connection(), dead)
    # A notice sends nothing: whoever takes it next does all of it.
    notices = [row for row in rows if row.kind == JobKind.NOTICE]
    tried = [row for row in rows if row.kind != JobKind.NOTICE]
    with changing(session, {row.instance_id for row in tried} - {None}) as ledger:
        leased = claims.still_leased(
            session.connection(), {row.id for row in tried}, until=ledger.now, dead=dead
        )
        for row in tried:
            if leased.get(row.id) == row.lease_token:
                _lose(ledger, row, poison_after)
    claims.hand_back(session.connection(), notices)  # type: ignore[reportArgumentType]
    return len(rows)


def _lose(ledger: Ledger, row: Row[Any], poison_after: int) -> None:
    claim = Claim(**{name: getattr(row, name) for name in Claim.__slots__})
    counting.recovered(ledger, claim)
    is_delivery = claim.kind == JobKind.DELIVERY
    begun = tries.has_begun(ledger, claim) if is_delivery else _has_begun(ledger, claim)
    if not begun and (claim.losses or claim.action_type == WAIT_CALLBACK):
        # After its first loss a job begins on record before it does anything. Lost without that
        # record, it only sat beside the one that took the worker down: nothing was tried. Nor does
        # the timeout of a wait try anything.
        _postpone_lost(ledger, claim, ledger.now, tried=False, losses_alone=claim.losses_alone)
        return
    was_alone = claim.losses >= claims.ALONE_AFTER
    losses_alone = claim.losses_alone + was_alone
    rest = RESTS[min(losses_alone, len(RESTS)) - 1] if was_alone else 0
    run_at = ledger.now + timedelta(seconds=rest)
    poisoned = losses_alone >= poison_after
    span = Span(row.claimed_at, ledger.now, (ledger.now - row.claimed_at).total_seconds())
    if is_delivery:
        report = Report(claim, span, row.worker, UNKNOWN)
        tries.lose(ledger, report, None if poisoned else run_at, begun=begun)
    else:
        instance, step = find(ledger, claim)
        _log_lost_attempt(ledger, instance, step, claim, row.worker, span, run_at, begun=begun)
        if poisoned:
            _poison(ledger, instance, step, claim, losses_alone)
    if poisoned:
        counting.job_ended(ledger, claim, "poisoned")
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
    bells.ask(ledger.session.info, claim.queue, run_at)


def _log_lost_attempt(
    ledger: Ledger,
    instance: InstanceRecord,
    step: StepRecord,
    claim: Claim,
    worker: str,
    span: Span,
    run_at: datetime,
    *,
    begun: bool,
) -> None:
    if not begun:
        begin(ledger, instance, step, claim, span, worker)
    end = ending(span, UNKNOWN, AttemptOutcome.UNKNOWN)
    ledger.close_attempt(claim.execution_id or 0, claim.attempt, end)
    attempt_lines.ended(ledger, claim, span, UNKNOWN, AttemptOutcome.UNKNOWN, step=step.key)
    if claim.kind == JobKind.STEP:
        step.error = LOST
        step.max_attempts = claim.allowed + 1
        step.next_attempt_at = run_at
        data = {
            "attempt": claim.attempt,
            "worker": worker,
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
    lost = f"{losses} workers in a row were lost while they"
    if losses == 1:
        lost = "a worker was lost while it"
    error = f"Set aside: {lost} did this step and nothing else."
    data = {"attempt": claim.attempt, "error": error}
    if claim.kind == JobKind.STEP:
        step.error = error
        lifecycle.apply(ledger, instance, step, "poison", ActionState.POISONED, data=data)
    else:
        data["outcome"] = AttemptOutcome.UNKNOWN
        ledger.record(instance, "attempt.replay_finished", step, data=data)
