"""What starts instances by the clock, and what became of each of its times."""

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.extensions import Base
from app.models.columns import Json, Line, LongText, Moment, PrimaryKey, Word
from app.models.instance import WorkflowInstance
from app.models.template import WorkflowTemplate


class Schedule(Base):
    """Starts instances of a template by a rule."""

    __tablename__ = "schedules"
    # Due ones are looked for by time among those that are neither paused nor deleted: for these
    # next_fire_at is empty.
    __table_args__ = (Index("ix_schedules_next_fire_at", "next_fire_at"),)

    id: Mapped[PrimaryKey]
    name: Mapped[Line]
    template_id: Mapped[int] = mapped_column(ForeignKey("workflow_templates.id"), index=True)
    version: Mapped[int | None]  # None: the newest at that time
    title: Mapped[Line] = mapped_column(default="")
    input: Mapped[Json]
    # Exactly one of the three.
    cron: Mapped[Line | None]
    rrule: Mapped[LongText | None]
    every_seconds: Mapped[int | None]
    timezone: Mapped[str] = mapped_column(String(100))
    starts_at: Mapped[Moment | None]
    ends_at: Mapped[Moment | None]
    max_count: Mapped[int | None]
    count: Mapped[int] = mapped_column(default=0)  # of its times that have come
    overlap: Mapped[Word]
    catch_up: Mapped[Word]
    jitter_seconds: Mapped[int] = mapped_column(default=0)
    paused_at: Mapped[Moment | None]
    paused_by: Mapped[Line | None]
    pause_reason: Mapped[LongText | None]
    resume_at: Mapped[Moment | None] = mapped_column(index=True)
    next_at: Mapped[Moment | None]  # by the rule
    next_fire_at: Mapped[Moment | None]  # with its jitter
    created_at: Mapped[Moment]
    created_by: Mapped[Line]
    updated_at: Mapped[Moment]
    updated_by: Mapped[Line]
    deleted_at: Mapped[Moment | None]

    template: Mapped[WorkflowTemplate] = relationship()


class ScheduleFire(Base):
    """One time of a schedule, and what became of it. That a pair of schedule and time stands here
    once is what makes each fire once."""

    __tablename__ = "schedule_fires"
    __table_args__ = (
        UniqueConstraint("schedule_id", "fire_at"),
        Index("ix_schedule_fires_outcome", "outcome", "schedule_id"),
        Index("ix_schedule_fires_settled", "schedule_id", "settled"),
    )

    id: Mapped[PrimaryKey]
    schedule_id: Mapped[int] = mapped_column(ForeignKey("schedules.id", ondelete="CASCADE"))
    fire_at: Mapped[Moment]
    kind: Mapped[Word]
    outcome: Mapped[Word]
    reason: Mapped[LongText | None]
    actor: Mapped[Line | None]  # of a run by hand
    instance_id: Mapped[int | None] = mapped_column(
        ForeignKey("workflow_instances.id", ondelete="SET NULL"), index=True
    )
    # Its instance was seen to have ended, or there is none; what is open is looked for among the
    # others, which are few.
    settled: Mapped[bool] = mapped_column(default=False)
    late_seconds: Mapped[float] = mapped_column(default=0.0)
    created_at: Mapped[Moment]

    instance: Mapped[WorkflowInstance | None] = relationship()
