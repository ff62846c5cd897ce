"""Reminders and escalations: what a policy says again, and to whom else, while people's steps wait.
Each is a notice of its own, owed by the one before it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from app.domain.ledger import Ledger
from app.domain.records import OPEN, InstanceRecord, StepRecord
from app.models import Notice
from app.models.vocabulary import ESCALATION, REMINDER, State
from app.schemas.base import zulu
from app.schemas.durations import parse_duration

TRIGGERS = (REMINDER, ESCALATION)


def still_waits(step: StepRecord | None, notice: Notice) -> bool:
    """Whether the step is as open as it was when it was first told of, and not begun anew."""
    if step is None or step.state not in OPEN or step.state == State.PENDING:
        return False
    return step.ready_at is not None and notice.policy.get("since") == zulu(step.ready_at)


def say_on_the_timeline(
    ledger: Ledger, instance: InstanceRecord, step: StepRecord | None, notice: Notice
) -> int:
    """Reminders and escalations have a line of their own, which causes the next."""
    if notice.trigger not in TRIGGERS:
        return notice.cause
    kind = "step.reminded" if notice.trigger == REMINDER else "step.escalated"
    data = {"round": notice.round, "recipients": notice.policy["recipients"]}
    return ledger.record(instance, kind, step, data=data)


def owe_next(
    ledger: Ledger,
    instance: InstanceRecord,
    step: StepRecord | None,
    notice: Notice,
    cause: int,
) -> None:
    """Owe the next reminder and the next escalation of a policy for a step that people do."""
    if step is None or not step.is_for_people or step.ready_at is None:
        return
    policy = notice.policy | {"since": zulu(step.ready_at)}
    remind: dict[str, Any] | None = policy.get("remind")
    if remind and notice.trigger != ESCALATION and notice.round < remind["times"]:
        due = ledger.now + parse_duration(remind["every"])
        again = policy | {"template": ""}
        _owe(ledger, instance, step, notice, REMINDER, cause, again, notice.round + 1, due)
    later = _escalations(policy)
    at = notice.round if notice.trigger == ESCALATION else 0
    if notice.trigger != REMINDER and at < len(later):
        escalation = later[at]
        told = policy | {name: escalation[name] for name in ("channel", "template")}
        told |= {"recipients": escalation["to"]}
        due = max(step.ready_at + parse_duration(escalation["after"]), ledger.now)
        _owe(ledger, instance, step, notice, ESCALATION, cause, told, at + 1, due)


def _escalations(policy: Mapping[str, Any]) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = policy.get("escalate") or []
    return sorted(listed, key=lambda one: parse_duration(one["after"]))


def _owe(
    ledger: Ledger,
    instance: InstanceRecord,
    step: StepRecord,
    notice: Notice,
    trigger: str,
    cause: int,
    policy: dict[str, Any],
    round: int,
    due: datetime,
) -> None:
    ledger.notices.append(
        {
            "instance": instance,
            "step": step,
            "trigger": trigger,
            "cause": cause,
            "policy_index": notice.policy_index,
            "policy": policy,
            "round": round,
            "run_at": due,
        }
    )
