"""Who is to be told what: notices, deliveries, and their tries."""

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Base
from app.models.columns import Json, Key, Line, LongText, Moment, PrimaryKey, Word


class Notice(Base):
    """One per step, trigger, cause and policy, written with the change of state that causes it.
    Which recipients it has is worked out later, by the notifier. Reminders and escalations are
    notices too, each caused by the event of the one before it."""

    __tablename__ = "notices"
    __table_args__ = (
        UniqueConstraint("instance_id", "step_id", "trigger", "cause", "policy_index"),
    )

    id: Mapped[PrimaryKey]
    instance_id: Mapped[int] = mapped_column(
        ForeignKey("workflow_instances.id", ondelete="CASCADE")
    )
    step_id: Mapped[int | None] = mapped_column(
        ForeignKey("workflow_instance_steps.id", ondelete="CASCADE")
    )
    trigger: Mapped[Word]
    cause: Mapped[int]  # the number of the event that caused it
    policy_index: Mapped[int]
    policy: Mapped[Json]
    round: Mapped[int] = mapped_column(default=0)  # which reminder or escalation it is, from 1
    created_at: Mapped[Moment]
    expanded_at: Mapped[Moment | None]
    # Why it told nobody, when it did not.
    reason: Mapped[LongText | None]


class NotificationDelivery(Base):
    """One notification to one recipient on one channel. A test has no notice and no instance."""

    __tablename__ = "notification_deliveries"
    __table_args__ = (
        Index("ix_notification_deliveries_step_id", "step_id"),
        Index("ix_notification_deliveries_instance_id", "instance_id"),
        Index("ix_notification_deliveries_notice", "notice_id", "channel", "recipient"),
        Index("ix_notification_deliveries_state", "state", "id"),
        Index("ix_notification_deliveries_user_id", "user_id", "id"),
        Index("ix_notification_deliveries_provider_id", "provider_id"),
        Index("uq_notification_deliveries_dedupe", "dedupe", unique=True),
        Index("uq_notification_deliveries_token", "token", unique=True),
    )

    id: Mapped[PrimaryKey]
    # What makes it one: notice, channel and recipient, or what it replays. Unique.
    dedupe: Mapped[Line]
    token: Mapped[Word]  # what providers see on every try
    notice_id: Mapped[int | None] = mapped_column(ForeignKey("notices.id", ondelete="CASCADE"))
    instance_id: Mapped[int | None] = mapped_column(
        ForeignKey("workflow_instances.id", ondelete="CASCADE")
    )
    step_id: Mapped[int | None] = mapped_column(
        ForeignKey("workflow_instance_steps.id", ondelete="CASCADE")
    )
    channel: Mapped[Word]
    trigger: Mapped[Word]
    template: Mapped[Key]
    recipient: Mapped[Line]  # as the policy names it: an address, or `user:3`
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    address: Mapped[Line | None]  # where it goes: a mail address, a phone number, a place
    policy: Mapped[Json | None]
    state: Mapped[Word]
    reason: Mapped[LongText | None]  # why it was skipped, or failed
    attempts: Mapped[int] = mapped_column(default=0)
    next_attempt_at: Mapped[Moment | None]
    provider_id: Mapped[Line | None]
    provider_status: Mapped[Word | None]  # what the provider said later, in its own word
    replay_of: Mapped[int | None] = mapped_column(ForeignKey("notification_deliveries.id"))
    fallback_of: Mapped[int | None] = mapped_column(ForeignKey("notification_deliveries.id"))
    created_at: Mapped[Moment]
    sent_at: Mapped[Moment | None]


class NotificationDeliveryLog(Base):
    """One try of a delivery. Written when it starts, completed once when it ends."""

    __tablename__ = "notification_delivery_log"
    __table_args__ = (Index("ix_notification_delivery_log_delivery", "delivery_id", "attempt"),)

    id: Mapped[PrimaryKey]
    delivery_id: Mapped[int] = mapped_column(
        ForeignKey("notification_deliveries.id", ondelete="CASCADE")
    )
    attempt: Mapped[int]
    started_at: Mapped[Moment]
    ended_at: Mapped[Moment | None]
    duration_ms: Mapped[int | None]
    outcome: Mapped[Word | None]
    status_code: Mapped[int | None]
    error: Mapped[LongText | None]
    provider_id: Mapped[Line | None]
    content: Mapped[Json | None]  # as it was sent, secrets taken out
    answer: Mapped[Json | None]
    worker: Mapped[Line]


class NotificationTemplate(Base):
    """What notifications say, per channel. The draft is edited; publish freezes a version."""

    __tablename__ = "notification_templates"

    id: Mapped[PrimaryKey]
    key: Mapped[Key] = mapped_column(unique=True)
    name: Mapped[Line]
    description: Mapped[LongText] = mapped_column(default="")
    draft: Mapped[Json]  # content by channel
    draft_revision: Mapped[int] = mapped_column(default=1)
    newest_version: Mapped[int | None]
    created_at: Mapped[Moment]
    updated_at: Mapped[Moment]
    updated_by: Mapped[Line]
    archived_at: Mapped[Moment | None]


class NotificationTemplateVersion(Base):
    """What deliveries are rendered from. Never changes."""

    __tablename__ = "notification_template_versions"
    __table_args__ = (UniqueConstraint("template_id", "number"),)

    id: Mapped[PrimaryKey]
    template_id: Mapped[int] = mapped_column(
        ForeignKey("notification_templates.id", ondelete="CASCADE")
    )
    number: Mapped[int]
    content: Mapped[Json]
    note: Mapped[Line] = mapped_column(default="")
    published_at: Mapped[Moment]
    published_by: Mapped[Line]


class InboxMessage(Base):
    """A notification in the console's bell."""

    __tablename__ = "inbox_messages"
    __table_args__ = (Index("ix_inbox_messages_user", "user_id", "read_at", "id"),)

    id: Mapped[PrimaryKey]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    delivery_id: Mapped[int] = mapped_column(
        ForeignKey("notification_deliveries.id", ondelete="CASCADE"), unique=True
    )
    title: Mapped[Line]
    body: Mapped[LongText]
    href: Mapped[Line]
    created_at: Mapped[Moment]
    read_at: Mapped[Moment | None]


class PushSubscription(Base):
    """A browser that asked to be told by Web Push."""

    __tablename__ = "push_subscriptions"

    id: Mapped[PrimaryKey]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    endpoint_hash: Mapped[Key] = mapped_column(unique=True)
    endpoint: Mapped[LongText]
    p256dh: Mapped[Line]
    auth: Mapped[Line]
    browser: Mapped[Line] = mapped_column(default="")
    created_at: Mapped[Moment]
    last_used_at: Mapped[Moment | None]
