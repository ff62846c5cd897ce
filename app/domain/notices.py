"""Writes down that people are to be told, in the transaction of the change that tells. Who that
is, and by what words, the notifier works out afterwards (`fanout.py`)."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from app import bells
from app.domain import producer
from app.domain.paths import MissingPath
from app.models.vocabulary import NOTIFICATION_QUEUE, Channel, InstanceTrigger, Trigger

if TYPE_CHECKING:
    from app.domain.ledger import Ledger
    from app.domain.lifecycle import Move
    from app.domain.records import InstanceRecord, StepRecord

# Nobody fails in silence: without a policy of the step for it, these tell the operators; the first
# of them does so, too, where the step's own policies reached nobody (`unheard.py`). Their numbers
# stand apart from those of policies.
OPERATORS_ARE_TOLD: Mapping[int, dict[str, Any]] = {
    -1 - at: {"channel": channel, "trigger": Trigger.ON_FAILED, "recipients": ["role:operator"]}
    for at, channel in enumerate((Channel.IN_APP, Channel.EMAIL))
}


def on_move(
    ledger: "Ledger", instance: "InstanceRecord", step: "StepRecord", move: "Move", seq: int
) -> None:
    """One notice for each policy of the step that waits for this trigger."""
    if move.trigger is not None:
        write(ledger, instance, step, move.trigger, seq)


def write(
    ledger: "Ledger", instance: "InstanceRecord", step: "StepRecord", trigger: str, seq: int
) -> None:
    """Owe what the step's policies say about this trigger, caused by event number `seq`."""
    for index, policy in _policies(step, trigger):
        _owe(ledger, instance, step, trigger, seq, index, policy)


def on_instance(
    ledger: "Ledger", instance: "InstanceRecord", trigger: InstanceTrigger, seq: int
) -> None:
    """One notice for each policy of the instance as a whole that waits for this trigger."""
    for index, policy in enumerate(instance.graph.policies):
        if policy["trigger"] == trigger:
            _owe(ledger, instance, None, trigger, seq, index, dict(policy))


def tell_operators_in_the_console(
    ledger: "Ledger", instance: "InstanceRecord", step: "StepRecord", seq: int
) -> None:
    """Owe the first of what operators are told, for a failure that was event number `seq`."""
    index, policy = next(iter(OPERATORS_ARE_TOLD.items()))
    _owe(ledger, instance, step, Trigger.ON_FAILED, seq, index, policy)


def due(notice: Mapping[str, Any], ledger: "Ledger") -> datetime:
    """When people are told. A time that can't be read must not keep them from being told."""
    if "run_at" in notice:
        return notice["run_at"]
    try:
        return producer.due_at(notice["policy"], ledger, notice["instance"])
    except (MissingPath, ValueError):
        return ledger.now


def _policies(step: "StepRecord", trigger: str) -> Iterator[tuple[int, dict[str, Any]]]:
    found = False
    for index, policy in enumerate(step.notification_policies or ()):
        if policy["trigger"] == trigger:
            found = True
            yield index, policy
    if trigger == Trigger.ON_FAILED and not found:
        yield from OPERATORS_ARE_TOLD.items()


def _owe(
    ledger: "Ledger",
    instance: "InstanceRecord",
    step: "StepRecord | None",
    trigger: str,
    seq: int,
    index: int,
    policy: dict[str, Any],
) -> None:
    ledger.notices.append(
        {
            "instance": instance,
            "step": step,
            "trigger": trigger,
            "cause": seq,
            "policy_index": index,
            "policy": policy,
        }
    )
    bells.ask(ledger.session.info, NOTIFICATION_QUEUE)
