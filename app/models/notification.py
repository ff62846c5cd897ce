"""Who is to be told what: notices, deliveries, and their tries."""

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Base
from app.models.columns import Json, Key, Line, LongText, Moment, PrimaryKey, Word


class Notice(Base):
    """One per step, trigger, cause and policy, written with the change of state that causes it.
    Which recipients it has is worked out later, by the notifier."""

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
    created_at: Mapped[Moment]
    expanded_at: Mapped[Moment | None]


class NotificationDelivery(Base):
    """One notification to one recipient on one channel."""

    __tablename__ = "notification_deliveries"
    __table_args__ = (
        Index("ix_notification_deliveries_step_id", "step_id"),
        Index("ix_notification_deliveries_notice", "notice_id", "channel", "recipient"),
    )

    id: Mapped[PrimaryKey]
    notice_id: Mapped[int] = mapped_column(ForeignKey("notices.id", ondelete="CASCADE"))
    instance_id: Mapped[int] = mapped_column(
        ForeignKey("workflow_instances.id", ondelete="CASCADE")
    )
    step_id: Mapped[int | None] = mapped_column(
        ForeignKey("workflow_instance_steps.id", ondelete="CASCADE")
    )
    channel: Mapped[Word]
    trigger: Mapped[Word]
    template: Mapped[Key]
    recipient: Mapped[Line]
    state: Mapped[Word]
    reason: Mapped[LongText | None]
    replay_of: Mapped[int | None] = mapped_column(ForeignKey("notification_deliveries.id"))
    created_at: Mapped[Moment]
    sent_at: Mapped[Moment | None]


class NotificationDeliveryLog(Base):
    """One try of a delivery."""

    __tablename__ = "notification_delivery_log"

    id: Mapped[PrimaryKey]
    delivery_id: Mapped[int] = mapped_column(
        ForeignKey("notification_deliveries.id", ondelete="CASCADE"), index=True
    )
    attempt: Mapped[int]
    started_at: Mapped[Moment]
    ended_at: Mapped[Moment | None]
    outcome: Mapped[Word | None]
    error: Mapped[LongText | None]
    provider_id: Mapped[Line | None]
    content: Mapped[Json | None]
    worker: Mapped[Line]
