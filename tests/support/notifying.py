"""Carrying out notices and deliveries as the notifier does, without one."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from app import clock, transaction
from app.domain import people
from app.domain.claims import Claim
from app.domain.outcomes import Outcome
from app.models import NotificationDelivery, NotificationDeliveryLog
from app.models.vocabulary import NOTIFICATION_QUEUE
from tests.support.workflows import begin, claim, publish, report_begun, report_ended, task

PASSWORD = "long enough for anybody"


def cast() -> None:
    """An operator, another who is told nothing, an author."""
    with transaction.writing() as session:
        for name, role in (("operator", "operator"), ("second", "operator"), ("author", "author")):
            people.create_user(session, f"{name}@example.com", name, role, PASSWORD)


@contextmanager
def later(**delta: float) -> Iterator[None]:
    """A while after now, and then now again."""
    clock.travel(timedelta(**delta))
    try:
        yield
    finally:
        clock.travel(timedelta(0))


def policy(
    trigger: str = "ON_COMPLETED", channel: str = "EMAIL", recipients: Any = None, **more: Any
) -> dict[str, Any]:
    recipients = recipients or ["role:operator"]
    return {"channel": channel, "trigger": trigger, "recipients": recipients} | more


def told(step_policies: Any, *, step: Any = task, key: str = "pack", **more: Any) -> int:
    """Publish and start one step with these policies; returns the instance."""
    publish(step(key, notificationPolicies=step_policies, **more))
    return begin(email="customer@elsewhere.example")


def notify(not_ready: dict[str, str] | None = None) -> list[Claim]:
    """Carry out all notices that are due, as the notifier does."""
    held = claim(queue=NOTIFICATION_QUEUE, kinds=("notice",))
    report_ended(Outcome(verdict="done", output=not_ready or {}), *held)
    return held


def send(outcome: Outcome | None = None) -> list[Claim]:
    """Try all deliveries that are due, with this outcome."""
    held = claim(queue=NOTIFICATION_QUEUE, kinds=("delivery",))
    report_begun(*held)
    report_ended(outcome or Outcome(verdict="done"), *held)
    return held


def rows() -> list[NotificationDelivery]:
    with transaction.reading() as session:
        found = list(
            session.scalars(select(NotificationDelivery).order_by(NotificationDelivery.id))
        )
        session.expunge_all()
        return found


def recipients() -> list[str]:
    return [row.recipient for row in rows()]


def log() -> list[NotificationDeliveryLog]:
    with transaction.reading() as session:
        found = list(session.scalars(select(NotificationDeliveryLog)))
        session.expunge_all()
        return found
