"""Channels that do not reach people, as the tries of deliveries show it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import clock
from app.domain.channels import CHANNELS
from app.models import NotificationDelivery, NotificationDeliveryLog
from app.models.vocabulary import ALERT, AttemptOutcome, Channel

LATELY = timedelta(minutes=15)
FEWEST = 3  # deliveries: one or two may have wrong addresses
SHARE = 0.5
_LATEST = 2_000  # tries looked at: a look that stays short on the worst day
_FAILURES = (AttemptOutcome.FAILED, AttemptOutcome.RETRY, AttemptOutcome.UNKNOWN)


@dataclass(slots=True)
class _Tries:
    """Of one channel: how the newest try of each delivery ended lately; when any last did so."""

    lately: dict[int, bool] = field(default_factory=dict[int, bool])
    succeeded_at: datetime | None = None
    failed_at: datetime | None = None

    @property
    def failures(self) -> int:
        return sum(not good for good in self.lately.values())

    def has_recovered(self) -> bool:
        """Whether something was sent since a try last failed."""
        if self.succeeded_at is None:
            return False
        return self.failed_at is None or self.succeeded_at > self.failed_at


def failing(session: Session, known: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Each channel on which most deliveries of late have failed, and what was seen. Of those that
    are `known` to fail, all on which nothing was sent since: while a server is away tries become
    rarer and rarer, and few failures are no success."""
    found = _read(session)
    for channel in sorted({*found, *known}):
        tries = found.get(channel, _Tries())
        failures, label = tries.failures, CHANNELS[Channel(channel)].label
        if failures >= FEWEST and failures >= len(tries.lately) * SHARE:
            said = f"{failures} of {len(tries.lately)} deliveries of the last quarter of an hour"
            yield channel, f"{label}: {said} failed."
        elif channel in known and not tries.has_recovered():
            last = f", last at {tries.failed_at:%Y-%m-%d %H:%M} UTC" if tries.failed_at else ""
            yield channel, f"{label}: nothing was sent since deliveries failed{last}."


def _read(session: Session) -> dict[str, _Tries]:
    found: dict[str, _Tries] = {}
    since = clock.now() - LATELY
    for channel, trigger, delivery, outcome, ended in _latest(session):
        tries, good = found.setdefault(channel, _Tries()), outcome == AttemptOutcome.SUCCEEDED
        if good and tries.succeeded_at is None:
            tries.succeeded_at = ended
        # Of a failing channel admins are told on that channel too, which must not be news again.
        if trigger == ALERT:
            continue
        if not good and tries.failed_at is None:
            tries.failed_at = ended
        if ended > since:
            tries.lately.setdefault(delivery, good)
    return found


def _latest(session: Session) -> Sequence[Any]:
    """The newest tries first."""
    log, delivery = NotificationDeliveryLog, NotificationDelivery
    some = select(log.id, log.delivery_id, log.outcome, log.ended_at)
    some = some.order_by(log.id.desc()).limit(_LATEST).subquery()
    query = (
        select(delivery.channel, delivery.trigger, delivery.id, some.c.outcome, some.c.ended_at)
        .join(some, some.c.delivery_id == delivery.id)
        .where(some.c.outcome.in_((AttemptOutcome.SUCCEEDED, *_FAILURES)))
        .order_by(some.c.id.desc())
    )
    return session.execute(query).all()
