"""What runs: instances, their steps, and their numbered history."""

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.extensions import Base
from app.models.columns import Json, Key, Line, LongText, Moment, PrimaryKey, Word
from app.models.template import WorkflowTemplate, WorkflowTemplateVersion


class WorkflowInstance(Base):
    """One run of one version."""

    __tablename__ = "workflow_instances"
    __table_args__ = (
        Index("ix_workflow_instances_state_id", "state", "id"),
        Index("ix_workflow_instances_template_id", "template_id", "id"),
        # Those that may be late: most have no time by which they must have ended.
        Index(
            "ix_workflow_instances_due_at",
            "due_at",
            sqlite_where=text("ended_at IS NULL AND due_at IS NOT NULL"),
            postgresql_where=text("ended_at IS NULL AND due_at IS NOT NULL"),
        ),
    )

    id: Mapped[PrimaryKey]
    template_id: Mapped[int] = mapped_column(ForeignKey("workflow_templates.id"))
    version_id: Mapped[int] = mapped_column(ForeignKey("workflow_template_versions.id"))
    title: Mapped[Line]
    input: Mapped[Json]
    state: Mapped[Word]
    needs_attention: Mapped[bool] = mapped_column(default=False)
    paused: Mapped[bool] = mapped_column(default=False)
    generation: Mapped[int] = mapped_column(default=1)
    event_seq: Mapped[int] = mapped_column(default=0)  # the number of its newest event
    started_by: Mapped[Line]
    started_at: Mapped[Moment]
    ended_at: Mapped[Moment | None]
    due_at: Mapped[Moment | None]
    overdue_at: Mapped[Moment | None]  # when it was noticed that it is late
    updated_at: Mapped[Moment]

    template: Mapped[WorkflowTemplate] = relationship()
    version: Mapped[WorkflowTemplateVersion] = relationship()
    steps: Mapped[list["WorkflowInstanceStep"]] = relationship(
        order_by="WorkflowInstanceStep.position", back_populates="instance"
    )


class WorkflowInstanceStep(Base):
    """One step of an instance, with its own copy of what it is to do."""

    __tablename__ = "workflow_instance_steps"
    __table_args__ = (
        UniqueConstraint("instance_id", "key"),
        Index("ix_workflow_instance_steps_state", "state", "action_type", "id"),
    )

    id: Mapped[PrimaryKey]
    instance_id: Mapped[int] = mapped_column(
        ForeignKey("workflow_instances.id", ondelete="CASCADE")
    )
    position: Mapped[int]
    key: Mapped[Key]
    name: Mapped[Line]
    action_type: Mapped[Word]
    action_config: Mapped[Json]
    notification_policies: Mapped[Json]
    assignee: Mapped[Line | None]
    state: Mapped[Word]
    action_state: Mapped[Word]
    reason: Mapped[LongText | None]
    error: Mapped[LongText | None]
    output: Mapped[Json | None]
    # Its present execution, by the token that receivers see.
    execution_token: Mapped[Word | None]
    attempts: Mapped[int] = mapped_column(default=0)
    max_attempts: Mapped[int | None]
    retry_count: Mapped[int] = mapped_column(default=0)
    # Of a step that recurs: the number of its present execution, the time of the rule that this
    # one stands for, since when and until when its times are counted (stopping it moves the end).
    occurrence: Mapped[int | None]
    occurrence_at: Mapped[Moment | None]
    recurs_from: Mapped[Moment | None]
    recurs_until: Mapped[Moment | None]
    # Skipped by its own condition, or because all before it were; an operator's skip is not that.
    skipped_by_condition: Mapped[bool] = mapped_column(default=False)
    due_at: Mapped[Moment | None]
    overdue_at: Mapped[Moment | None]  # when it was noticed that it is late
    next_attempt_at: Mapped[Moment | None]
    ready_at: Mapped[Moment | None]
    started_at: Mapped[Moment | None]
    completed_at: Mapped[Moment | None]

    instance: Mapped[WorkflowInstance] = relationship(back_populates="steps")


class Event(Base):
    """One line of an instance's history, numbered 1, 2, 3 … under the instance's lock."""

    __tablename__ = "events"
    __table_args__ = (UniqueConstraint("instance_id", "seq"),)

    id: Mapped[PrimaryKey]
    instance_id: Mapped[int] = mapped_column(
        ForeignKey("workflow_instances.id", ondelete="CASCADE")
    )
    seq: Mapped[int]
    at: Mapped[Moment]
    kind: Mapped[Word]
    step_key: Mapped[Key | None]
    actor: Mapped[Line]
    reason: Mapped[LongText | None]
    data: Mapped[Json | None]
