"""Deliveries as they stand after the notifier has been by."""

from typing import Any
from uuid import uuid4

from sqlalchemy.orm import Session

from app import clock
from app.models import NotificationDelivery, NotificationDeliveryLog


def tell(session: Session, instance_id: int, user_id: int | None = None, **more: Any) -> int:
    """A delivery that failed at its first try, or what `more` says; returns its id."""
    now = clock.now()
    values = {
        "channel": "EMAIL",
        "trigger": "ON_FAILED",
        "template": "step-failed",
        "recipient": "operator@example.com",
        "address": "operator@example.com",
        "state": "FAILED",
        "reason": "550 no such user",
        "attempts": 1,
        "policy": {},
    } | more
    row = NotificationDelivery(
        dedupe=str(uuid4()),
        token=str(uuid4()),
        instance_id=instance_id,
        user_id=user_id,
        created_at=now,
        **values,
    )
    session.add(row)
    session.flush()
    log = NotificationDeliveryLog(
        delivery_id=row.id,
        attempt=1,
        started_at=now,
        ended_at=now,
        duration_ms=12,
        outcome="failed",
        error=values["reason"],
        content={"subject": "FAILED: Pack", "text": "Pack failed."},
        worker="worker-1",
    )
    session.add(log)
    session.flush()
    return row.id
