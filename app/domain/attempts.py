"""What workers bring back: attempts that began and ended, written in groups under the locks of
their instances. A result whose lease is gone changes nothing and is logged as fenced."""

import random
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from app.domain import attempt_lines, claims, counting, fanout, lifecycle, series, tries, waiting
from app.domain.claims import Claim
from app.domain.echoes import without_echoes
from app.domain.ledger import Ledger, changing
from app.domain.outcomes import Outcome, Span
from app.domain.records import InstanceRecord, StepRecord
from app.domain.reports import Report, is_tried_again, postpone, word_of
from app.models.vocabulary import ActionState, AttemptOutcome, JobKind, State
from app.schemas.base import zulu


def settle(session: Session, reports: Iterable[Report], *, again: bool = False) -> None:
    """Write a group of reports, in their order. `again`: nobody knows whether it was written."""
    group = list(reports)
    instances = {report.claim.instance_id for report in group} - {None}
    with changing(session, instances) as ledger:  # type: ignore[reportArgumentType]
        if again:
            group = without_echoes(session.connection(), group)
        leased = claims.still_leased(session.connection(), {report.claim.id for report in group})
        for report in group:
            if leased.get(report.claim.id) == report.claim.lease_token:
                _write(ledger, report)
            elif report.outcome is not None:
                _fence(ledger, report)


def _write(ledger: Ledger, report: Report) -> None:
    claim, outcome = report.claim, report.outcome
    if claim.kind == JobKind.NOTICE:
        if outcome is not None:
            fanout.expand(ledger, claim, outcome.output)
            counting.job_ended(ledger, claim, "done")
    elif claim.kind == JobKind.DELIVERY:
        tries.write(ledger, report)
    elif claim.action_type == waiting.WAIT_CALLBACK:
        waiting.time_out(ledger, *find(ledger, claim), outcome, report.worker)
    elif outcome is None:
        instance, step = find(ledger, claim)
        begin(ledger, instance, step, claim, report.span, report.worker)
    else:
        instance, step = find(ledger, claim)
        end(ledger, instance, step, report, outcome)


def find(ledger: Ledger, claim: Claim) -> tuple[InstanceRecord, StepRecord]:
    """The step that a claim is about, and its instance."""
    instance = ledger.instances[claim.instance_id or 0]
    return instance, next(s for s in instance.steps.values() if s.id == claim.step_id)


_MOVES_OF_A_START: Mapping[tuple[str, str], str] = {
    (State.READY, ActionState.SCHEDULED): "start",
    (State.READY, ActionState.QUEUED): "start",
    (State.STARTED, ActionState.SCHEDULED): "occur",
}


def begin(
    ledger: Ledger,
    instance: InstanceRecord,
    step: StepRecord,
    claim: Claim,
    span: Span,
    worker: str,
) -> None:
    """An attempt began."""
    counting.began(ledger, claim, span)
    ledger.attempts[(claim.execution_id or 0, claim.attempt)] = _attempt(claim, span, worker)
    if claim.kind != JobKind.STEP:
        return
    move = _MOVES_OF_A_START.get((step.state, step.action_state), "try_again")
    step.attempts = claim.attempt
    step.next_attempt_at = None
    data: dict[str, Any] = {"attempt": claim.attempt, "of": claim.allowed, "worker": worker}
    if step.occurrence is not None:
        step.occurrence, step.max_attempts = claim.occurrence, claim.allowed
        step.execution_token = claim.execution_token
        data |= series.facts(ledger, step)
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
    } | ending(None, None)


def ending(span: Span | None, outcome: Outcome | None, word: str | None = None) -> dict[str, Any]:
    """How an attempt ended, as columns."""
    return {
        "ended_at": span.ended_at if span else None,
        "duration_ms": round(span.seconds * 1000) if span else None,
        "outcome": word,
        "status_code": outcome.status_code if outcome else None,
        "error": outcome.error if outcome else None,
        "request": outcome.request if outcome else None,
        "response": outcome.response if outcome else None,
    }


def end(
    ledger: Ledger,
    instance: InstanceRecord,
    step: StepRecord,
    report: Report,
    outcome: Outcome,
    spread: Callable[[], float] = random.random,
) -> None:
    """An attempt ended. `spread`: of the wait before the next one, see `retries`."""
    claim, span = report.claim, report.span
    again = is_tried_again(claim, outcome)
    word = word_of(outcome, again)
    counting.ended(ledger, claim, span, word, again=again)
    attempt_lines.ended(ledger, claim, span, outcome, word, step=step.key)
    ledger.close_attempt(claim.execution_id or 0, claim.attempt, ending(span, outcome, word))
    ledger.ended_executions.append(
        {
            "b_id": claim.execution_id,
            "attempts": claim.attempt,
            "allowed": claim.allowed,
            "outcome": None if again else word,
            "ended_at": None if again else span.ended_at,
        }
    )
    run_at = postpone(ledger, claim, outcome, spread) if again else None
    if not again:
        ledger.done_jobs.append(claim.id)
    if claim.kind == JobKind.STEP:
        _move(ledger, instance, step, report, outcome, run_at)
    elif not again:
        data = _facts(report, outcome)
        ledger.record(instance, "attempt.replay_finished", step, data=data | {"outcome": word})


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
        series.end(ledger, instance, step, "complete", ActionState.COMPLETED, data=data, at=at)
    elif run_at is not None:
        step.next_attempt_at = run_at
        data["nextAttemptAt"] = zulu(run_at)
        lifecycle.apply(
            ledger, instance, step, "retry_later", ActionState.RETRY_WAIT, data=data, at=at
        )
    else:
        series.end(ledger, instance, step, "fail", ActionState.FAILED, data=data, at=at)


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
    counting.fenced(ledger, claim)
    if claim.kind == JobKind.NOTICE:
        return
    if claim.kind == JobKind.DELIVERY:
        tries.fence(ledger, report)
        return
    instance, step = find(ledger, claim)
    row = _attempt(claim, report.span, report.worker)
    ledger.fenced.append(row | ending(report.span, outcome, AttemptOutcome.FENCED))
    if outcome is not None:
        fenced = AttemptOutcome.FENCED
        attempt_lines.ended(ledger, claim, report.span, outcome, fenced, step=step.key)
    data = {"attempt": claim.attempt, "worker": report.worker}
    ledger.record(instance, "attempt.fenced", step, data=data)
