"""Writes down that people are to be told, in the transaction of the change that tells. Who that
is, and by what words, the notifier works out afterwards."""

from typing import TYPE_CHECKING

from app import bells
from app.models.vocabulary import NOTIFICATION_QUEUE

if TYPE_CHECKING:
    from app.domain.ledger import Ledger
    from app.domain.lifecycle import Move
    from app.domain.records import InstanceRecord, StepRecord


def on_move(
    ledger: "Ledger", instance: "InstanceRecord", step: "StepRecord", move: "Move", seq: int
) -> None:
    """One notice for each policy of the step that waits for this trigger."""
    if move.trigger is None:
        return
    for index, policy in enumerate(step.notification_policies or ()):
        if policy["trigger"] == move.trigger:
            ledger.notices.append(
                {
                    "instance": instance,
                    "step": step,
                    "trigger": move.trigger,
                    "cause": seq,
                    "policy_index": index,
                    "policy": policy,
                }
            )
            bells.ask(ledger.session.info, NOTIFICATION_QUEUE)
