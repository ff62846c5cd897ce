"""How a WAIT_CALLBACK step waits: it starts as soon as it is ready, and ends with the call, with
its timeout, or by an operator's hand. Whoever has the instance's lock first ends it; the others
find nothing to do."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import select, update

from app.domain import calls
from app.domain.calls import Call, Verdict
from app.domain.ledger import SYSTEM, Ledger
from app.domain.outcomes import Outcome
from app.domain.records import InstanceRecord, StepRecord
from app.models import Callback
from app.models.columns import table_of
from app.models.vocabulary import ActionState, AttemptOutcome, State
from app.schemas.actions import WAIT_CALLBACK
from app.schemas.base import zulu

if TYPE_CHECKING:
    from app.domain.lifecycle import Move

CALLER = "callback"  # the actor of a move that a call brings about, and its attempt's worker
_callbacks = table_of(Callback)
_MOST_MS = 2**31 - 1  # what the column holds: 24 days


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """What ended a wait, who says so, and what came in, for the log."""

    verdict: Verdict
    actor: str
    worker: str
    request: dict[str, Any] | None = None


def on_move(
    ledger: Ledger, instance: InstanceRecord, step: StepRecord, move: "Move", seq: int
) -> None:
    """To be ready is to wait already. A call that came before that ends it at once."""
    from app.domain import lifecycle

    if step.action_type != WAIT_CALLBACK or move.target is not State.READY:
        return
    data = {"actionState": str(ActionState.WAITING)}
    if step.next_attempt_at:
        data["nextAttemptAt"] = zulu(step.next_attempt_at)
    lifecycle.apply(ledger, instance, step, "start", ActionState.WAITING, actor=SYSTEM, data=data)
    if (early := _take_early_call(ledger, step)) is not None:
        end_with_call(ledger, instance, step, early)


def _take_early_call(ledger: Ledger, step: StepRecord) -> Call | None:
    """The call that came early, once. A step that waits again has its URL good again."""
    if step.id is None:
        return None
    mine = _callbacks.c.step_id == step.id
    early = ledger.session.scalar(select(_callbacks.c.early).where(mine))
    if early is not None:
        ledger.session.execute(update(_callbacks).where(mine).values(early=None))
        return Call(**early)
    if step.retry_count:
        ledger.session.execute(update(_callbacks).where(mine).values(called_at=None))
    return None


def end_with_call(ledger: Ledger, instance: InstanceRecord, step: StepRecord, call: Call) -> None:
    """The call decides how the step ends."""
    verdict = calls.judge(call.body, ledger.config(step))
    end(
        ledger,
        instance,
        step,
        Ending(verdict=verdict, actor=CALLER, worker=CALLER, request=call.request),
    )


def time_out(
    ledger: Ledger,
    instance: InstanceRecord,
    step: StepRecord,
    outcome: Outcome | None,
    worker: str,
) -> None:
    """A worker found that nobody has called in time. It begins nothing: until its end is written,
    the step waits, and a call may still be quicker."""
    if outcome is not None:
        output = outcome.output if outcome.verdict == "done" else None
        verdict = Verdict(output=output, error=outcome.error)
        end(ledger, instance, step, Ending(verdict=verdict, actor=SYSTEM, worker=worker))


def end(ledger: Ledger, instance: InstanceRecord, step: StepRecord, ending: Ending) -> None:
    """Complete or fail a step that waits; its wait becomes an attempt of its execution."""
    from app.domain import lifecycle

    verdict = ending.verdict
    stop(ledger, step)
    step.attempts += 1
    step.error = verdict.error
    if verdict.output is not None:
        step.output, step.output_changed = verdict.output, True
    ledger.waits.append(_attempt(ledger, step, ending))
    move, state = (
        ("fail", ActionState.FAILED) if verdict.error else ("complete", ActionState.COMPLETED)
    )
    lifecycle.apply(
        ledger,
        instance,
        step,
        move,
        state,
        actor=ending.actor,
        reason=verdict.reason,
        data={"error": verdict.error} if verdict.error else None,
    )


def stop(ledger: Ledger, step: StepRecord) -> None:
    """Its timeout is owed no more; a worker that holds it is fenced."""
    ledger.owed = [job for job in ledger.owed if job["step"] is not step]
    ledger.taken_from.append(step)


def _attempt(ledger: Ledger, step: StepRecord, ending: Ending) -> dict[str, Any]:
    began = step.started_at or ledger.now
    milliseconds = round((ledger.now - began).total_seconds() * 1000)
    failed = ending.verdict.error is not None
    return {
        "step": step,
        "execution_token": step.execution_token,
        "occurrence": 1,
        "attempt": step.attempts,
        "queued_at": step.ready_at,
        "started_at": began,
        "ended_at": ledger.now,
        "duration_ms": milliseconds if milliseconds <= _MOST_MS else None,
        "outcome": AttemptOutcome.FAILED if failed else AttemptOutcome.SUCCEEDED,
        "status_code": None,
        "error": ending.verdict.error,
        "request": ending.request,
        "response": {"missing": missing} if (missing := ending.verdict.missing) else None,
        "worker": ending.worker,
    }
