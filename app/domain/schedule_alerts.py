"""Tells people in the console that a schedule could not start an instance."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain import fanout, recipients
from app.domain.fanout import Draft
from app.domain.ledger import Ledger, changing
from app.domain.recipients import Recipient
from app.models import Schedule, ScheduleFire
from app.models.vocabulary import Channel, FireOutcome, Trigger

TEMPLATE = "schedule-failed"
_CONTENT = {
    "title": "{{ schedule.name }} did not start",
    "body": "It was due at {{ schedule.fireAt }}, and could not be started: {{ schedule.reason }}",
}
_fire = ScheduleFire


def tell(session: Session, failed: Sequence[ScheduleFire]) -> None:
    """Tell the operators, and whoever wrote the schedule, of the first failure of a kind: what
    fails each minute for the same reason is told of once."""
    news = [row for row in failed if not _is_known(session, row)]
    if not news:
        return
    with changing(session) as ledger:
        for row in news:
            _tell(ledger, row, session.get_one(Schedule, row.schedule_id))


def _is_known(session: Session, row: ScheduleFire) -> bool:
    query = select(_fire).where(_fire.schedule_id == row.schedule_id, _fire.fire_at < row.fire_at)
    before = session.scalar(query.order_by(_fire.fire_at.desc()).limit(1))
    return (
        before is not None and before.outcome == FireOutcome.FAILED and before.reason == row.reason
    )


def _tell(ledger: Ledger, row: ScheduleFire, schedule: Schedule) -> None:
    authors = [who for who in (schedule.updated_by,) if who.startswith("user:")]
    named = ["role:operator", *authors]
    told = recipients.resolve(ledger.session, named, {}, assignee=None, starter="")
    for recipient in told:
        fanout.deliver(ledger, None, None, recipient, _draft(row, schedule, recipient), {})


def _draft(row: ScheduleFire, schedule: Schedule, recipient: Recipient) -> Draft:
    about: dict[str, Any] = {
        "name": schedule.name,
        "fireAt": f"{row.fire_at:%Y-%m-%d %H:%M} UTC",
        "reason": row.reason or "",
    }
    # `instance` is what links and names are taken from, whatever a message is about.
    place = {"title": schedule.name, "url": f"/schedules/{schedule.id}"}
    return Draft(
        dedupe=f"schedule-fire:{row.id}:{recipient.label}"[:500],
        channel=Channel.IN_APP,
        trigger=Trigger.ON_FAILED,
        template=TEMPLATE,
        policy={"content": _CONTENT, "context": {"schedule": about, "instance": place}},
    )
