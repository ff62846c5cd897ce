"""Notices that steps and instances are late: an event, and a trigger for policies."""

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app import clock
from app.domain import notices
from app.domain.ledger import Ledger, changing
from app.domain.records import FINISHED_INSTANCE, InstanceRecord, StepRecord
from app.models import WorkflowInstance, WorkflowInstanceStep
from app.models.vocabulary import InstanceTrigger, State, Trigger

_step, _instance = WorkflowInstanceStep, WorkflowInstance
MOST = 200  # in one transaction


def note_overdue(session: Session) -> int:
    """Write down what is late and was not yet known to be; returns how many."""
    return _steps(session) + _instances(session)


def _steps(session: Session) -> int:
    late = (
        _step.due_at < clock.now(),
        _step.overdue_at.is_(None),
        _step.state.in_((State.READY, State.STARTED)),
    )
    rows = session.execute(select(_step.id, _step.instance_id).where(*late).limit(MOST)).all()
    if not rows:
        return 0
    with changing(session, {row.instance_id for row in rows}) as ledger:
        # Again, now that their instances are locked: somebody may just have completed one.
        ids = set(
            session.scalars(select(_step.id).where(_step.id.in_([r.id for r in rows]), *late))
        )
        session.execute(update(_step).where(_step.id.in_(ids)).values(overdue_at=ledger.now))
        for instance in ledger.instances.values():
            for step in instance.steps.values():
                if step.id in ids:
                    step_is_late(ledger, instance, step)
    return len(ids)


def step_is_late(ledger: Ledger, instance: InstanceRecord, step: StepRecord) -> None:
    """Write down that a step is late, and that people are to be told."""
    seq = ledger.record(instance, "step.overdue", step)
    notices.write(ledger, instance, step, Trigger.ON_OVERDUE, seq)


def instance_is_late(ledger: Ledger, instance: InstanceRecord) -> None:
    """The same of a whole instance."""
    seq = ledger.record(instance, "instance.overdue")
    notices.on_instance(ledger, instance, InstanceTrigger.ON_OVERDUE, seq)


def _instances(session: Session) -> int:
    late = (
        _instance.due_at < clock.now(),
        _instance.overdue_at.is_(None),
        _instance.state.not_in(FINISHED_INSTANCE),
    )
    rows = session.scalars(select(_instance.id).where(*late).limit(MOST)).all()
    if not rows:
        return 0
    with changing(session, rows) as ledger:
        these = select(_instance.id).where(_instance.id.in_(rows), *late)
        ids = set(session.scalars(these))
        session.execute(
            update(_instance).where(_instance.id.in_(ids)).values(overdue_at=ledger.now)
        )
        for instance in ledger.instances.values():
            if instance.id in ids:
                instance_is_late(ledger, instance)
    return len(ids)
