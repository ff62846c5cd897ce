"""From a notice to deliveries: who is told, on which channel, and who is not and why. Done by the
notifier in one transaction with the end of the notice's job, so a notice fans out once."""

from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import uuid4

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from app import bells
from app.domain import accounts, counting, follow_ups, recipients, unheard
from app.domain.channels import CHANNELS
from app.domain.claims import Claim
from app.domain.conditions import describe_refusal, holds
from app.domain.destinations import SMTP
from app.domain.ledger import Ledger
from app.domain.ledger_work import insert_ids
from app.domain.notification_defaults import default_for
from app.domain.recipients import Recipient
from app.domain.records import InstanceRecord, StepRecord
from app.models import AutomationJob, Notice, NotificationDelivery, User
from app.models.columns import table_of
from app.models.vocabulary import (
    ACCOUNT,
    NOTIFICATION_QUEUE,
    Channel,
    DeliveryState,
    JobKind,
)
from app.schemas.retry import Retry

_deliveries = table_of(NotificationDelivery)
# Tried within a second, within minutes, and then for about half a day.
RETRY = Retry.read({"schedule": [5, 30, 120, 600, 1800, 3600, 7200, 14400]}).document()
# Channels that are not set up, each with the reason in words; workers know it from their settings.
NotReady = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of one delivery, and why."""

    verb: Literal["send", "skip", "defer"]
    reason: str | None = None
    until: datetime | None = None  # for `defer`


def decide(
    channel: str,
    recipient: Recipient,
    address: str | None,
    not_ready: NotReady,
    trigger: str | None = None,
) -> Decision:
    """Whether one recipient is told on one channel. Everything that keeps a message from being
    sent stands here: quiet hours, digests and acting from a message take their place here too
    (`defer`)."""
    facts = CHANNELS[Channel(channel)]
    if recipient.why_not:
        return Decision("skip", recipient.why_not)
    if recipient.user is not None and not recipient.user.active:
        return Decision("skip", f"{recipient.label} may not come any more.")
    if channel in not_ready:
        return Decision("skip", not_ready[channel])
    # What an admin sends about their account they get whatever they have turned off.
    off = (recipient.user.channels_off or ()) if recipient.user and trigger != ACCOUNT else ()
    if channel in off:
        return Decision("skip", f"They have turned {facts.label} off.")
    if address is None:
        return Decision("skip", f"{recipient.label} {facts.no_address}.")
    return Decision("send")


def address_on(session: Session, channel: str, recipient: Recipient) -> str | None:
    """Where a recipient is reached on a channel; None: nowhere."""
    facts = CHANNELS[Channel(channel)]
    named = facts.read(recipient.address) if recipient.address is not None else None
    user = recipient.user
    if named is not None or user is None:
        return named
    if channel == Channel.PUSH and not accounts.has_browser(session, user.id):
        return None
    return facts.address_of(user)


def expand(ledger: Ledger, claim: Claim, not_ready: NotReady) -> None:
    """Carry a notice out: write its deliveries and, if it goes on, the notice that follows."""
    session = ledger.session
    notice = session.get_one(Notice, claim.notice_id)
    instance = ledger.instances[notice.instance_id]
    step = next((s for s in instance.steps.values() if s.id == notice.step_id), None)
    with spreading(ledger, instance, step, notice) as told:
        for recipient in told:
            draft = Draft.of_notice(notice, recipient)
            deliver(ledger, instance, step, recipient, draft, not_ready)
    unheard.tell_operators(ledger, instance, step, notice.id)
    ledger.done_jobs.append(claim.id)


@contextmanager
def spreading(
    ledger: Ledger,
    instance: InstanceRecord,
    step: StepRecord | None,
    notice: Notice,
    people: Session | None = None,
) -> Generator[list[Recipient]]:
    """Look at a notice that is due: yields whom it tells (nobody, if its `reason` then says why
    not), and afterwards owes what follows from it. `people`: where they are looked up."""
    notice.expanded_at = ledger.now
    notice.reason = _why_not(ledger, instance, step, notice)
    if notice.reason is not None:
        yield []
        return
    cause = follow_ups.say_on_the_timeline(ledger, instance, step, notice)
    yield recipients.resolve(
        people or ledger.session,
        notice.policy["recipients"],
        ledger.context(instance, outputs=True),
        assignee=step.assignee if step else None,
        starter=instance.started_by,
    )
    follow_ups.owe_next(ledger, instance, step, notice, cause)


def _why_not(
    ledger: Ledger, instance: InstanceRecord, step: StepRecord | None, notice: Notice
) -> str | None:
    """Why nobody is told by this notice; None: they are."""
    if notice.trigger in follow_ups.TRIGGERS and not follow_ups.still_waits(step, notice):
        return "The step is not waiting any more."
    when: Mapping[str, Any] | None = notice.policy.get("when")
    if when is None:
        return None
    context = ledger.context(instance, outputs=True)
    return None if holds(when, context) else describe_refusal(when, context)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A delivery about to be written. `dedupe` is what makes it one and no other."""

    dedupe: str
    channel: str
    trigger: str
    template: str
    policy: dict[str, Any]
    notice_id: int | None = None
    replay_of: int | None = None
    fallback_of: int | None = None

    @classmethod
    def of_notice(cls, notice: Notice, recipient: Recipient) -> "Draft":
        policy: dict[str, Any] = notice.policy
        channel = policy["channel"]
        whole = notice.step_id is None
        return cls(
            dedupe=f"notice:{notice.id}:{channel}:{recipient.address or recipient.label}"[:500],
            channel=channel,
            trigger=notice.trigger,
            template=policy.get("template") or default_for(notice.trigger, instance=whole),
            policy=policy | {"round": notice.round},
            notice_id=notice.id,
        )


def deliver(
    ledger: Ledger,
    instance: InstanceRecord | None,
    step: StepRecord | None,
    recipient: Recipient,
    draft: Draft,
    not_ready: NotReady,
) -> int | None:
    """Write one delivery and owe it, or write why it is skipped and try its fallback; returns its
    id, None if it is there already."""
    session = ledger.session
    if session.scalar(select(_deliveries.c.id).where(_deliveries.c.dedupe == draft.dedupe)):
        return None
    address = address_on(session, draft.channel, recipient)
    decision = decide(draft.channel, recipient, address, not_ready, draft.trigger)
    sent = decision.verb != "skip"
    token = str(uuid4())
    row: dict[str, Any] = {
        "dedupe": draft.dedupe,
        "token": token,
        "notice_id": draft.notice_id,
        "instance_id": instance.id if instance else None,
        "step_id": step.id if step else None,
        "channel": draft.channel,
        "trigger": draft.trigger,
        "template": draft.template,
        "recipient": recipient.label,
        "user_id": recipient.user.id if recipient.user else None,
        "address": address,
        "policy": draft.policy,
        "state": DeliveryState.QUEUED if sent else DeliveryState.SKIPPED,
        "reason": decision.reason,
        "attempts": 0,
        "next_attempt_at": decision.until,
        "replay_of": draft.replay_of,
        "fallback_of": draft.fallback_of,
        "created_at": ledger.now,
    }
    (delivery_id,) = insert_ids(session.connection(), _deliveries, [row])
    if sent:
        _owe_job(ledger, row | {"id": delivery_id}, decision.until or ledger.now)
        return delivery_id
    counting.delivered(ledger, draft.channel, DeliveryState.SKIPPED)
    if instance is not None:
        data = facts_of(row | {"id": delivery_id}) | {"reason": decision.reason}
        ledger.record(instance, "notification.skipped", step, data=data)
    fall_back(ledger, instance, step, delivery_id, row, not_ready)
    return delivery_id


def _owe_job(ledger: Ledger, row: Mapping[str, Any], run_at: datetime) -> None:
    ledger.session.execute(
        insert(AutomationJob).values(
            queue=NOTIFICATION_QUEUE,
            kind=JobKind.DELIVERY,
            instance_id=row["instance_id"],
            step_id=row["step_id"],
            delivery_id=row["id"],
            # All mails go through one server; where the others go, their threads find out.
            destination=SMTP if row["channel"] == Channel.EMAIL else None,
            action_type=row["channel"],
            action_config={"retry": RETRY, "signingSecret": row["policy"].get("signingSecret")},
            execution_token=row["token"],
            attempt=1,
            allowed=RETRY["maxAttempts"],
            queued_at=ledger.now,
            run_at=run_at,
        )
    )
    bells.ask(ledger.session.info, NOTIFICATION_QUEUE, run_at)


def facts_of(row: Mapping[str, Any]) -> dict[str, Any]:
    """A delivery as events tell of it."""
    return {
        "deliveryId": row["id"],
        "userId": row["user_id"],
        "channel": row["channel"],
        "recipient": row["recipient"],
        "template": row["template"],
        "trigger": row["trigger"],
    }


def fall_back(
    ledger: Ledger,
    instance: InstanceRecord | None,
    step: StepRecord | None,
    delivery_id: int,
    row: Mapping[str, Any],
    not_ready: NotReady,
) -> None:
    """Tell in the policy's other way what could not be told in this one."""
    if instance is None:
        return
    for recipient, draft in fallbacks(ledger, instance, step, delivery_id, row):
        deliver(ledger, instance, step, recipient, draft, not_ready)


def fallbacks(
    ledger: Ledger,
    instance: InstanceRecord,
    step: StepRecord | None,
    delivery_id: int,
    row: Mapping[str, Any],
    people: Session | None = None,
) -> Iterator[tuple[Recipient, Draft]]:
    """Whom the policy of a delivery (`row`, its columns) tells in its other way, and how.
    `people`: where they are looked up."""
    policy: dict[str, Any] = row["policy"] or {}
    fallback: dict[str, Any] | None = policy.get("fallback")
    if not fallback or row["fallback_of"] is not None:
        return
    found = people or ledger.session
    told = _fallback_recipients(found, ledger, instance, step, row, fallback)
    policy = {name: value for name, value in policy.items() if name != "fallback"}
    if fallback.get("recipients"):
        policy["recipients"] = fallback["recipients"]
    for recipient in told:
        channel = fallback["channel"]
        draft = Draft(
            dedupe=f"fallback:{delivery_id}:{channel}:{recipient.address or recipient.label}"[:500],
            channel=channel,
            trigger=row["trigger"],
            template=fallback.get("template") or row["template"],
            policy=policy,
            notice_id=row["notice_id"],
            fallback_of=delivery_id,
        )
        yield recipient, draft


def _fallback_recipients(
    session: Session,
    ledger: Ledger,
    instance: InstanceRecord,
    step: StepRecord | None,
    row: Mapping[str, Any],
    fallback: Mapping[str, Any],
) -> list[Recipient]:
    if fallback.get("recipients"):
        return recipients.resolve(
            session,
            fallback["recipients"],
            ledger.context(instance, outputs=True),
            assignee=step.assignee if step else None,
            starter=instance.started_by,
        )
    user = session.get(User, row["user_id"]) if row["user_id"] else None
    return [Recipient(row["recipient"], user=user, address=row["address"])]
