"""Sending deliveries again: each is a new one that names its origin."""

from collections.abc import Iterable
from typing import Any
from uuid import uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain import audit, fanout, recipients, tries
from app.domain.deliveries import ENDED, Filter, count
from app.domain.fanout import Draft, NotReady
from app.domain.ledger import Ledger, changing
from app.domain.recipients import Recipient
from app.domain.records import InstanceRecord, StepRecord
from app.errors import Conflict, NotFound
from app.models import NotificationDelivery, User

MOST_REPLAYED = 1000
_row = NotificationDelivery


def replay(
    session: Session,
    delivery_id: int,
    actor: str,
    reason: str,
    not_ready: NotReady,
    *,
    instance_id: int | None = None,
) -> int:
    """Send once more, as a new delivery that names its origin; returns its id (the first one, where
    nobody was found for it before and several are now). Raises NotFound, or Conflict while the
    first one is still under way."""
    row = session.get(_row, delivery_id)
    if row is None or (instance_id is not None and row.instance_id != instance_id):
        raise NotFound("There is no such delivery.")
    with changing(session, _instances([row]), actor) as ledger:
        session.refresh(row)
        if row.state not in ENDED:
            raise Conflict("This delivery is still being tried; it can be sent again once it ends.")
        return _replay(ledger, row, reason, not_ready)[0]


def replay_all(
    session: Session,
    wanted: Filter,
    expected: int,
    actor: str,
    reason: str,
    not_ready: NotReady,
) -> list[int]:
    """Send all again that match and have ended; returns the new ids. `expected` is the number
    that was shown before: Conflict if it is another now, or more than can be sent at once."""
    found = count(session, wanted)
    if found != expected:
        raise Conflict(f"{found} match now, not {expected}: look again.", count=found)
    if found > MOST_REPLAYED:
        raise Conflict(f"At most {MOST_REPLAYED:,} at once: narrow the filter.", count=found)
    query = select(_row).where(*wanted.conditions(), _row.state.in_(ENDED)).order_by(_row.id)
    rows = session.scalars(query).all()
    with changing(session, _instances(rows), actor) as ledger:
        return [new for row in rows for new in _replay(ledger, row, reason, not_ready)]


def _instances(rows: Iterable[NotificationDelivery]) -> set[int]:
    return {row.instance_id for row in rows if row.instance_id is not None}


def _replay(
    ledger: Ledger, row: NotificationDelivery, reason: str, not_ready: NotReady
) -> list[int]:
    old = tries.read(ledger, row.id)
    instance, step = tries.whereabouts(ledger, old)
    if instance is not None:
        data = fanout.facts_of(old)
        ledger.record(instance, "notification.replayed", step, reason=reason, data=data)
    new = [
        fanout.deliver(ledger, instance, step, recipient, _draft(row), not_ready)
        for recipient in _recipients(ledger, row, instance, step)
    ]
    ids = [new_id for new_id in new if new_id is not None]  # their names are new: all are written
    audit.record(
        ledger.session,
        ledger.actor,
        "delivery.replayed",
        "delivery",
        str(row.id),
        reason=reason,
        after={"recipient": row.recipient, "newIds": ids},
    )
    return ids


def _draft(row: NotificationDelivery) -> Draft:
    return Draft(
        dedupe=f"replay:{row.id}:{uuid4()}",
        channel=row.channel,
        trigger=row.trigger,
        template=row.template,
        policy=row.policy or {},
        notice_id=row.notice_id,
        replay_of=row.id,
    )


def _recipients(
    ledger: Ledger,
    row: NotificationDelivery,
    instance: InstanceRecord | None,
    step: StepRecord | None,
) -> list[Recipient]:
    """The same as before: a person at the address that they have now; an address. Where nobody
    was found, whoever the policy means by now. What did not stand in the policy came from input
    and is read as an address, never as a role."""
    user = ledger.session.get(User, row.user_id) if row.user_id else None
    if user is not None:
        return [Recipient(row.recipient, user=user)]
    policy: dict[str, Any] = row.policy or {}
    named: list[str] = policy.get("recipients") or []
    if row.address is not None or row.recipient not in named:
        return [Recipient(row.recipient, address=row.recipient)]
    context: dict[str, Any] = ledger.context(instance, outputs=True) if instance else {}
    return recipients.resolve(
        ledger.session,
        [row.recipient],
        context,
        assignee=step.assignee if step else None,
        starter=instance.started_by if instance else "",
    )
