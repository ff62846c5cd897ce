"""What people and providers do with deliveries: look for them, send a test, say what became of one.
Sending again is `replays.py`."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from uuid import uuid4

from sqlalchemy import ColumnElement, Select, func, or_, select, update
from sqlalchemy.orm import Session

from app import clock
from app.domain import fanout, recipients, sms, tries, unheard
from app.domain.fanout import Draft, NotReady
from app.domain.ledger import changing
from app.domain.recipients import Recipient
from app.errors import NotFound
from app.models import (
    NotificationDelivery,
    NotificationDeliveryLog,
    User,
    WorkflowInstanceStep,
)
from app.models.vocabulary import TEST, Channel, DeliveryState
from app.phone import masked
from app.schemas.base import Schema
from app.schemas.instance import DeliveryOut, DeliveryTryOut

ENDED = (DeliveryState.SENT, DeliveryState.FAILED, DeliveryState.SKIPPED)
_row, _log = NotificationDelivery, NotificationDeliveryLog
Model = TypeVar("Model", bound=Schema)


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which deliveries; what is None or empty is not asked for."""

    channel: str | None = None
    state: str | None = None
    template: str | None = None
    recipient: str | None = None
    error: str | None = None
    user_id: int | None = None
    instance_id: int | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        found: list[ColumnElement[bool]] = []
        for name in ("channel", "state", "template", "user_id", "instance_id"):
            value = getattr(self, name)
            if value:
                found.append(getattr(_row, name) == value)
        if self.recipient:
            like = f"%{_escaped(self.recipient)}%"
            found.append(
                or_(_row.recipient.ilike(like, escape="\\"), _row.address.ilike(like, escape="\\"))
            )
        if self.error:
            found.append(_row.reason.ilike(f"%{_escaped(self.error)}%", escape="\\"))
        return found


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def find_all(
    session: Session, wanted: Filter, *, before: int | None = None, limit: int = 50
) -> tuple[list[DeliveryOut], int | None]:
    """Deliveries, newest first, and the id to go on before (None: that was all)."""
    query = _with_places().where(*wanted.conditions()).order_by(_row.id.desc()).limit(limit + 1)
    if before is not None:
        query = query.where(_row.id < before)
    found = list(session.execute(query))
    page = _described(session, found[:limit])
    return page, page[-1].id if len(found) > limit else None


def of_instance(session: Session, instance_id: int) -> list[DeliveryOut]:
    """All deliveries of an instance, oldest first."""
    query = _with_places().where(_row.instance_id == instance_id).order_by(_row.id)
    return _described(session, list(session.execute(query)))


def find(session: Session, delivery_id: int) -> DeliveryOut:
    """One delivery with its tries. Raises NotFound."""
    found = _described(session, list(session.execute(_with_places().where(_row.id == delivery_id))))
    if not found:
        raise NotFound("There is no such delivery.")
    return found[0]


def _with_places() -> Select[*tuple[Any, ...]]:
    step = WorkflowInstanceStep
    return select(_row, step.key).outerjoin(step, step.id == _row.step_id)


def _described(session: Session, rows: Sequence[Any]) -> list[DeliveryOut]:
    tries_of: dict[int, list[DeliveryTryOut]] = defaultdict(list)
    ids = [row.id for row, _ in rows]
    query = select(_log).where(_log.delivery_id.in_(ids)).order_by(_log.id)
    for one in session.scalars(query) if ids else ():
        tries_of[one.delivery_id].append(_copied(DeliveryTryOut, one))
    return [
        _copied(DeliveryOut, row, step_key=key, address=_shown(row), tries=tries_of.get(row.id, []))
        for row, key in rows
    ]


def _shown(row: NotificationDelivery) -> str | None:
    """The address as everybody may read it: a person's phone is for who may look them up."""
    personal = row.channel == Channel.SMS and row.user_id is not None
    return masked(row.address) if personal and row.address else row.address


def _copied(schema: type[Model], row: Any, **more: Any) -> Model:
    names = schema.model_fields.keys() - more.keys()
    return schema(**{name: getattr(row, name) for name in names}, **more)


def count(session: Session, wanted: Filter) -> int:
    """How many would be sent again: those that have ended."""
    query = select(func.count()).select_from(_row).where(*wanted.conditions())
    return session.scalar(query.where(_row.state.in_(ENDED))) or 0


def owe_test(
    session: Session,
    channel: str,
    content: dict[str, Any],
    context: dict[str, Any],
    not_ready: NotReady,
    *,
    user_id: int | None = None,
    address: str | None = None,
    template: str = "",
) -> int:
    """Send a test to a person, or to an address; returns the delivery's id, by which the page
    follows it."""
    user = session.get(User, user_id) if user_id is not None else None
    recipient = Recipient(
        recipients.label_of(user) if user else (address or ""), user=user, address=address
    )
    draft = Draft(
        dedupe=f"test:{uuid4()}",
        channel=channel,
        trigger=TEST,
        template=template,
        policy={"content": content, "context": context},
    )
    with changing(session) as ledger:
        return fanout.deliver(ledger, None, None, recipient, draft, not_ready) or 0


def provider_says(
    session: Session,
    provider_id: str,
    status: str,
    error: str | None,
    not_ready: NotReady,
    at: datetime | None = None,
) -> bool:
    """What a provider tells later of a message it took: with `error` it did not arrive after
    all, and the fallback is owed. What an earlier report outran is passed over. Says whether the
    message is known."""
    row = session.scalar(select(_row).where(_row.provider_id == provider_id))
    if row is None:
        return False
    with changing(session, [row.instance_id] if row.instance_id is not None else []) as ledger:
        session.refresh(row, with_for_update=True)
        if not sms.is_news(status, row.provider_status):
            return True
        row.provider_status = status[:40]
        if error is None or row.state == DeliveryState.FAILED:
            return True
        session.execute(
            update(_row)
            .where(_row.id == row.id)
            .values(state=DeliveryState.FAILED, reason=error, sent_at=None)
        )
        found = tries.read(ledger, row.id)
        instance, step = tries.whereabouts(ledger, found)
        if instance is not None:
            data = fanout.facts_of(found) | {"error": error, "providerStatus": status}
            ledger.record(instance, "notification.failed", step, data=data, at=at or clock.now())
        fanout.fall_back(ledger, instance, step, row.id, found, not_ready)
        unheard.tell_operators(ledger, instance, step, row.notice_id)
    return True
