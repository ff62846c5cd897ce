"""The life of a step: the table of moves, the one writer of state, and what follows a move.

Buttons, API and `allowedActions` ask this table; docs/life-cycle.md draws it.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app import bells
from app.domain import notices, producer, series, waiting
from app.domain.conditions import describe_refusal, holds
from app.domain.ledger import SYSTEM, Ledger
from app.domain.paths import MissingPath
from app.domain.records import DONE, OPEN, InstanceRecord, StepRecord
from app.models.vocabulary import (
    AUTOMATION_QUEUE,
    ActionState,
    InstanceState,
    InstanceTrigger,
    State,
    Trigger,
)
from app.schemas.base import zulu

PENDING, READY, STARTED = State.PENDING, State.READY, State.STARTED
COMPLETED, FAILED, SKIPPED, CANCELLED = (
    State.COMPLETED,
    State.FAILED,
    State.SKIPPED,
    State.CANCELLED,
)


@dataclass(frozen=True, slots=True)
class Move:
    """From which states to which, and what the history calls it."""

    name: str
    sources: frozenset[State]
    target: State
    event: str
    trigger: Trigger | None = None


def _move(
    name: str, sources: Iterable[State], target: State, event: str, trigger: Trigger | None = None
) -> tuple[str, Move]:
    return name, Move(name, frozenset(sources), target, event, trigger)


MOVES: Mapping[str, Move] = dict(
    (
        _move("activate", [PENDING], READY, "step.ready", Trigger.ON_READY),
        _move("skip_by_condition", [PENDING], SKIPPED, "step.skipped", Trigger.ON_SKIPPED),
        _move("skip_late", [PENDING], SKIPPED, "step.skipped", Trigger.ON_SKIPPED),
        _move("start", [READY], STARTED, "step.started", Trigger.ON_STARTED),
        _move("try_again", [STARTED], STARTED, "attempt.started"),
        _move("retry_later", [STARTED], STARTED, "step.retry_scheduled", Trigger.ON_RETRY),
        _move("lose_worker", [STARTED], STARTED, "attempt.unknown"),
        _move("occurrence_done", [STARTED], STARTED, "step.occurrence_completed"),
        _move("occurrence_failed", [STARTED], STARTED, "step.occurrence_failed", Trigger.ON_FAILED),
        _move("occur", [STARTED], STARTED, "step.occurrence_started"),
        _move("complete", [STARTED], COMPLETED, "step.completed", Trigger.ON_COMPLETED),
        _move("fail", [STARTED], FAILED, "step.failed", Trigger.ON_FAILED),
        _move("poison", [STARTED], FAILED, "step.poisoned", Trigger.ON_FAILED),
        _move("retry", [FAILED], READY, "step.retried", Trigger.ON_READY),
        _move("run_scheduled_now", [READY], READY, "step.run_now"),
        _move("run_retry_now", [STARTED], STARTED, "step.run_now"),
        _move(
            "skip", [PENDING, READY, STARTED, FAILED], SKIPPED, "step.skipped", Trigger.ON_SKIPPED
        ),
        _move("cancel", [PENDING, READY, STARTED], CANCELLED, "step.cancelled"),
    )
)

Subscriber = Callable[[Ledger, InstanceRecord, StepRecord, Move, int], None]
# Called in the same transaction, in this order, with the number of the event that moved the step.
# Asynchronous schedules and recurrences will subscribe here too.
SUBSCRIBERS: tuple[Subscriber, ...] = (producer.on_move, notices.on_move, waiting.on_move)


def apply(
    ledger: Ledger,
    instance: InstanceRecord,
    step: StepRecord,
    name: str,
    action_state: ActionState,
    *,
    actor: str | None = None,
    reason: str | None = None,
    data: dict[str, Any] | None = None,
    at: datetime | None = None,
) -> None:
    """Make a move: the only place where a step's state is written. The move must be in the table
    for the step's present state; callers that speak for people check that first and refuse with
    409, so a wrong one here is a bug."""
    move = MOVES[name]
    if step.state not in move.sources:
        raise AssertionError(f"{name} does not lead out of {step.state}")
    step.state = move.target
    step.action_state = action_state
    step.dirty = True
    instance.needs_settling = True
    _stamp(step, move, at or ledger.now)
    seq = ledger.record(instance, move.event, step, actor=actor, reason=reason, data=data, at=at)
    for subscriber in SUBSCRIBERS:
        subscriber(ledger, instance, step, move, seq)


def _stamp(step: StepRecord, move: Move, at: datetime) -> None:
    if move.name in ("activate", "retry"):
        step.ready_at, step.started_at, step.completed_at = at, None, None
    elif move.name == "start":
        step.started_at = at
    elif move.target not in OPEN:
        step.completed_at = at
        step.next_attempt_at = None


def settle(ledger: Ledger, instance: InstanceRecord) -> None:
    """Let what follows follow: activate or skip steps whose prerequisites are done, then bring
    the instance's own state in line. Safe to call again; the second time finds nothing."""
    instance.needs_settling = False
    if not instance.paused and not instance.is_finished:
        for key, node in instance.graph.nodes.items():  # prerequisites come first in this order
            step = instance.steps[key]
            if step.state == PENDING:
                before = [instance.steps[other] for other in node.depends_on]
                if all(other.state in DONE for other in before):
                    _activate(ledger, instance, step, before)
    _settle_instance(ledger, instance)


def _activate(
    ledger: Ledger, instance: InstanceRecord, step: StepRecord, before: list[StepRecord]
) -> None:
    refusal = _refusal(ledger, instance, step, before)
    if refusal is not None:
        step.skipped_by_condition = True
        _pass_over(ledger, instance, step, "skip_by_condition", refusal)
        return
    try:
        step.due_at = _late_at(ledger, instance, step)
        action_state, step.next_attempt_at = producer.first_due(ledger, instance, step)
    except producer.TooLate as late:
        _pass_over(ledger, instance, step, "skip_late", str(late))
        return
    except (MissingPath, ValueError) as error:
        fail_at_once(ledger, instance, step, str(error))
        return
    data = {"actionState": str(action_state)} | series.facts(ledger, step)
    if step.next_attempt_at:
        data["nextAttemptAt"] = zulu(step.next_attempt_at)
    apply(ledger, instance, step, "activate", action_state, data=data)


def _pass_over(
    ledger: Ledger, instance: InstanceRecord, step: StepRecord, move: str, reason: str
) -> None:
    """The system skips a step; not whoever did what went before."""
    step.reason = reason
    apply(ledger, instance, step, move, ActionState.IDLE, actor=SYSTEM, reason=reason)


def _late_at(ledger: Ledger, instance: InstanceRecord, step: StepRecord) -> datetime | None:
    node = instance.graph.nodes[step.key]
    if node.due_at is not None:
        return producer.read_time("dueAt", node.due_at, ledger, instance)
    return ledger.now + node.due_in if node.due_in is not None else None


def _refusal(
    ledger: Ledger, instance: InstanceRecord, step: StepRecord, before: list[StepRecord]
) -> str | None:
    if before and all(other.skipped_by_condition for other in before):
        return "all steps before it were skipped"
    node = instance.graph.nodes[step.key]
    if node.when is None:
        return None
    context = ledger.context(instance, outputs=node.reads_outputs)
    return None if holds(node.when, context) else describe_refusal(node.when, context)


def fail_at_once(
    ledger: Ledger,
    instance: InstanceRecord,
    step: StepRecord,
    error: str,
    move: str = "activate",
    reason: str | None = None,
) -> None:
    """A step that cannot even be asked for (a placeholder that leads nowhere) fails, visibly."""
    step.error = error
    apply(ledger, instance, step, move, ActionState.IDLE, reason=reason)
    apply(ledger, instance, step, "start", ActionState.IDLE, actor=SYSTEM)
    data = {"error": error}
    apply(ledger, instance, step, "fail", ActionState.FAILED, actor=SYSTEM, data=data)


def _settle_instance(ledger: Ledger, instance: InstanceRecord) -> None:
    if instance.is_finished:
        return
    states = [step.state for step in instance.steps.values()]
    failed = any(state == FAILED for state in states)
    if failed != instance.needs_attention:
        instance.needs_attention = failed
        seq = ledger.record(
            instance, "instance.attention" if failed else "instance.attention_cleared"
        )
        if failed:
            notices.on_instance(ledger, instance, InstanceTrigger.ON_ATTENTION, seq)
    if all(state in DONE for state in states):
        _finish(ledger, instance, InstanceState.COMPLETED)
        seq = ledger.record(instance, "instance.completed")
        notices.on_instance(ledger, instance, InstanceTrigger.ON_COMPLETED, seq)
    elif instance.paused:
        instance.state = InstanceState.PAUSED
    else:
        instance.state = InstanceState.ATTENTION if failed else InstanceState.RUNNING


def pause(ledger: Ledger, instance: InstanceRecord, reason: str) -> None:
    """Nothing new starts: its jobs are held, its steps do not activate."""
    instance.paused = True
    ledger.held.append((instance.id or 0, True))
    ledger.record(instance, "instance.paused", reason=reason)
    instance.needs_settling = True


def resume(ledger: Ledger, instance: InstanceRecord, reason: str) -> None:
    """What fell due meanwhile is due now."""
    _let_go(ledger, instance)
    ledger.record(instance, "instance.resumed", reason=reason)
    instance.needs_settling = True


def cancel(ledger: Ledger, instance: InstanceRecord, reason: str) -> None:
    """Open steps end as CANCELLED; the instance is over."""
    for step in instance.steps.values():
        if step.state in OPEN:
            step.reason = reason or None
            apply(ledger, instance, step, "cancel", ActionState.IDLE, reason=reason)
    _finish(ledger, instance, InstanceState.CANCELLED)
    seq = ledger.record(instance, "instance.cancelled", reason=reason)
    notices.on_instance(ledger, instance, InstanceTrigger.ON_CANCELLED, seq)


def _finish(ledger: Ledger, instance: InstanceRecord, state: InstanceState) -> None:
    """What is over is not paused any more: nobody could resume it, and its replays still run."""
    instance.ended_at = ledger.now
    instance.state = state
    if instance.paused:
        _let_go(ledger, instance)


def _let_go(ledger: Ledger, instance: InstanceRecord) -> None:
    instance.paused = False
    ledger.held.append((instance.id or 0, False))
    bells.ask(ledger.session.info, AUTOMATION_QUEUE)
