"""What the notifier brings back of a delivery: a try that began and how it ended, in the log, on
the delivery and on the timeline."""

from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import delete, insert, select, update

from app.domain import attempt_lines, counting, fanout, unheard
from app.domain.claims import Claim
from app.domain.ledger import Ledger
from app.domain.outcomes import Outcome
from app.domain.records import InstanceRecord, StepRecord
from app.domain.reports import Report, is_tried_again, postpone, word_of
from app.models import (
    InboxMessage,
    NotificationDelivery,
    NotificationDeliveryLog,
    PushSubscription,
)
from app.models.columns import table_of
from app.models.vocabulary import AttemptOutcome, Channel, DeliveryState

_log = table_of(NotificationDeliveryLog)
_deliveries = table_of(NotificationDelivery)


def write(ledger: Ledger, report: Report) -> None:
    """Write that a try began, or how it ended."""
    if report.outcome is None:
        _begin(ledger, report)
    else:
        _end(ledger, report, report.outcome)


def has_begun(ledger: Ledger, claim: Claim) -> bool:
    """Whether the log says that this try began, and not yet how it ended."""
    query = select(_log.c.id).where(
        _log.c.delivery_id == claim.delivery_id,
        _log.c.attempt == claim.attempt,
        _log.c.ended_at.is_(None),
    )
    return ledger.session.execute(query).first() is not None


def lose(ledger: Ledger, report: Report, run_at: datetime | None, *, begun: bool) -> None:
    """The worker was lost in mid-try: nobody knows whether it was sent. It goes on at `run_at`;
    None: it took down too many workers."""
    outcome = report.outcome or Outcome(verdict="retry", unknown=True)
    if not begun:
        _begin(ledger, report)
    _close(ledger, report, outcome, AttemptOutcome.UNKNOWN)
    if run_at is None:
        ledger.done_jobs.append(report.claim.id)
        _finish(ledger, report, outcome, DeliveryState.FAILED)
    else:
        _wait(ledger, report, outcome, run_at)


def fence(ledger: Ledger, report: Report) -> None:
    """The delivery was taken away meanwhile. What came back is kept for the record."""
    _begin(ledger, report)
    if report.outcome is not None:
        _close(ledger, report, report.outcome, AttemptOutcome.FENCED)


def _begin(ledger: Ledger, report: Report) -> None:
    claim = report.claim
    counting.began(ledger, claim, report.span)
    ledger.session.execute(
        insert(_log).values(
            delivery_id=claim.delivery_id,
            attempt=claim.attempt,
            started_at=report.span.started_at,
            worker=report.worker,
        )
    )


def _end(ledger: Ledger, report: Report, outcome: Outcome) -> None:
    claim = report.claim
    again = is_tried_again(claim, outcome)
    word = word_of(outcome, again)
    counting.ended(ledger, claim, report.span, word, again=again)
    _close(ledger, report, outcome, word)
    if again:
        _wait(ledger, report, outcome, postpone(ledger, claim, outcome))
        return
    ledger.done_jobs.append(claim.id)
    done = outcome.verdict == "done"
    _finish(ledger, report, outcome, DeliveryState.SENT if done else DeliveryState.FAILED)


def _close(ledger: Ledger, report: Report, outcome: Outcome, word: str) -> None:
    claim, span = report.claim, report.span
    attempt_lines.ended(ledger, claim, span, outcome, word)
    ledger.session.execute(
        update(_log)
        .where(
            _log.c.delivery_id == claim.delivery_id,
            _log.c.attempt == claim.attempt,
            _log.c.ended_at.is_(None),
        )
        .values(
            ended_at=span.ended_at or ledger.now,
            duration_ms=round(span.seconds * 1000),
            outcome=word,
            status_code=outcome.status_code,
            error=outcome.error,
            provider_id=outcome.provider_id,
            content=outcome.request,
            answer=outcome.response,
        )
    )


def _wait(ledger: Ledger, report: Report, outcome: Outcome, run_at: datetime) -> None:
    _update(
        ledger,
        report.claim,
        attempts=report.claim.attempt,
        next_attempt_at=run_at,
        reason=outcome.error,
    )


def _finish(ledger: Ledger, report: Report, outcome: Outcome, state: DeliveryState) -> None:
    """Sent, or failed for good: then its fallback is owed."""
    claim = report.claim
    sent = state == DeliveryState.SENT
    _update(
        ledger,
        claim,
        state=state,
        attempts=claim.attempt,
        next_attempt_at=None,
        reason=None if sent else outcome.error,
        provider_id=outcome.provider_id,
        sent_at=ledger.now if sent else None,
    )
    _forget_subscriptions(ledger, outcome)
    row = read(ledger, claim.delivery_id or 0)
    counting.delivered(ledger, row["channel"], state)
    instance, step = whereabouts(ledger, row)
    if sent and row["channel"] == Channel.IN_APP:
        _put_into_the_inbox(ledger, row, outcome)
    if instance is not None:
        _tell(ledger, instance, step, row, outcome)
    if not sent:
        not_ready: dict[str, str] = outcome.output.get("notReady") or {}
        fanout.fall_back(ledger, instance, step, row["id"], row, not_ready)
        unheard.tell_operators(ledger, instance, step, row["notice_id"])


def read(ledger: Ledger, delivery_id: int) -> dict[str, Any]:
    """A delivery's row."""
    found = ledger.session.execute(select(_deliveries).where(_deliveries.c.id == delivery_id))
    return dict(found.mappings().one())


def whereabouts(
    ledger: Ledger, row: dict[str, Any]
) -> tuple[InstanceRecord | None, StepRecord | None]:
    """What a delivery is about, as far as this ledger holds it."""
    instance = ledger.instances.get(row["instance_id"] or 0)
    steps = instance.steps.values() if instance else ()
    return instance, next((step for step in steps if step.id == row["step_id"]), None)


def _tell(
    ledger: Ledger,
    instance: InstanceRecord,
    step: StepRecord | None,
    row: dict[str, Any],
    outcome: Outcome,
) -> None:
    data = fanout.facts_of(row) | {"attempt": row["attempts"]}
    kind = "notification.sent" if row["state"] == DeliveryState.SENT else "notification.failed"
    if outcome.error:
        data["error"] = outcome.error
    ledger.record(instance, kind, step, data=data)


def _update(ledger: Ledger, claim: Claim, **values: Any) -> None:
    ledger.session.execute(
        update(_deliveries).where(_deliveries.c.id == claim.delivery_id).values(**values)
    )


def _put_into_the_inbox(ledger: Ledger, row: dict[str, Any], outcome: Outcome) -> None:
    content: dict[str, Any] = outcome.output
    ledger.session.execute(
        insert(InboxMessage).values(
            user_id=row["user_id"],
            delivery_id=row["id"],
            title=str(content.get("title", ""))[:500],
            body=str(content.get("body", "")),
            # A path: the console may be reached by another name than the one links are made of.
            href=urlsplit(str(content.get("href", "/"))).path[:500] or "/",
            created_at=ledger.now,
        )
    )


def _forget_subscriptions(ledger: Ledger, outcome: Outcome) -> None:
    gone: list[int] = outcome.output.get("gone") or []
    if gone:
        ledger.session.execute(delete(PushSubscription).where(PushSubscription.id.in_(gone)))
