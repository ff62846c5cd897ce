"""What is owed and what was tried: jobs, executions, attempts."""

from sqlalchemy import Double, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Base
from app.models.columns import Json, Key, Line, LongText, Moment, PrimaryKey, Word

WAITS_AGAIN = "lease_token IS NULL AND NOT held AND attempt > 1 AND destination IS NOT NULL"


class Execution(Base):
    """One carrying-out of an automation step. Its token is what receivers see on every attempt."""

    __tablename__ = "executions"
    __table_args__ = (Index("ix_executions_step_id", "step_id"),)

    id: Mapped[PrimaryKey]
    step_id: Mapped[int] = mapped_column(
        ForeignKey("workflow_instance_steps.id", ondelete="CASCADE")
    )
    token: Mapped[Word] = mapped_column(unique=True)
    occurrence: Mapped[int] = mapped_column(default=1)
    replay_of: Mapped[int | None] = mapped_column(ForeignKey("executions.id"))
    attempts: Mapped[int] = mapped_column(default=0)
    # How many attempts it may make in all; a retry by an operator raises it.
    allowed: Mapped[int] = mapped_column(default=1)
    outcome: Mapped[Word | None]
    created_at: Mapped[Moment]
    ended_at: Mapped[Moment | None]


class AutomationExecutionLog(Base):
    """One attempt. Written when it starts, completed once when it ends, then never touched."""

    __tablename__ = "automation_execution_log"
    __table_args__ = (
        Index("ix_automation_execution_log_step_id", "step_id", "id"),
        Index("ix_automation_execution_log_execution", "execution_id", "attempt"),
    )

    id: Mapped[PrimaryKey]
    step_id: Mapped[int] = mapped_column(
        ForeignKey("workflow_instance_steps.id", ondelete="CASCADE")
    )
    execution_id: Mapped[int] = mapped_column(ForeignKey("executions.id", ondelete="CASCADE"))
    execution_token: Mapped[Word]
    occurrence: Mapped[int] = mapped_column(default=1)
    attempt: Mapped[int]
    queued_at: Mapped[Moment | None]
    started_at: Mapped[Moment]
    ended_at: Mapped[Moment | None]
    duration_ms: Mapped[int | None]
    outcome: Mapped[Word | None]
    status_code: Mapped[int | None]
    error: Mapped[LongText | None]
    request: Mapped[Json | None]
    response: Mapped[Json | None]
    worker: Mapped[Line]


class AutomationJob(Base):
    """What is owed: the outbox. A row is written with the change that owes it and deleted when it
    is done. Claims and renewals touch these rows only."""

    __tablename__ = "automation_jobs"
    __table_args__ = (
        UniqueConstraint("delivery_id"),
        UniqueConstraint("notice_id"),
        UniqueConstraint("execution_id"),
        # What a claim reads: free jobs of a queue in the order they fall due.
        Index(
            "ix_automation_jobs_free",
            "queue",
            "run_at",
            "id",
            sqlite_where=text("lease_token IS NULL AND NOT held"),
            postgresql_where=text("lease_token IS NULL AND NOT held"),
        ),
        Index(
            "ix_automation_jobs_leased",
            "lease_until",
            sqlite_where=text("lease_token IS NOT NULL"),
            postgresql_where=text("lease_token IS NOT NULL"),
        ),
        # What waits for another try, however much waits for its first.
        Index(
            "ix_automation_jobs_again",
            "destination",
            sqlite_where=text(WAITS_AGAIN),
            postgresql_where=text(WAITS_AGAIN),
        ),
        Index("ix_automation_jobs_instance_id", "instance_id"),
        Index("ix_automation_jobs_step_id", "step_id"),
    )

    id: Mapped[PrimaryKey]
    queue: Mapped[Word]
    kind: Mapped[Word]
    instance_id: Mapped[int | None] = mapped_column(
        ForeignKey("workflow_instances.id", ondelete="CASCADE")
    )
    step_id: Mapped[int | None] = mapped_column(
        ForeignKey("workflow_instance_steps.id", ondelete="CASCADE")
    )
    execution_id: Mapped[int | None] = mapped_column(
        ForeignKey("executions.id", ondelete="CASCADE")
    )
    notice_id: Mapped[int | None] = mapped_column(ForeignKey("notices.id", ondelete="CASCADE"))
    delivery_id: Mapped[int | None] = mapped_column(
        ForeignKey("notification_deliveries.id", ondelete="CASCADE")
    )
    # The host it goes to, as far as that can be known before it is sent.
    destination: Mapped[Line | None]
    # What a worker needs to carry it out, so that a claim is one statement.
    action_type: Mapped[Word]
    action_config: Mapped[Json]
    execution_token: Mapped[Word | None]
    occurrence: Mapped[int] = mapped_column(default=1)
    attempt: Mapped[int] = mapped_column(default=1)  # the number of the attempt it asks for
    allowed: Mapped[int] = mapped_column(default=1)  # the number of the last one it may make
    queued_at: Mapped[Moment]
    run_at: Mapped[Moment]
    held: Mapped[bool] = mapped_column(default=False)  # its instance is paused
    # The lease, and with it the fencing token: every later write names it.
    lease_token: Mapped[Word | None]
    lease_until: Mapped[Moment | None]
    worker: Mapped[Line | None]
    claimed_at: Mapped[Moment | None]
    # Workers that died holding it, in a row; and of these, while it was alone in its process.
    losses: Mapped[int] = mapped_column(default=0)
    losses_alone: Mapped[int] = mapped_column(default=0)


class Callback(Base):
    """The secret address of a WAIT_CALLBACK step. The token is made from `nonce` and SECRET_KEY
    whenever it is asked for; only its hash is kept. `early` is what came before the step waited."""

    __tablename__ = "callbacks"

    id: Mapped[PrimaryKey]
    step_id: Mapped[int] = mapped_column(
        ForeignKey("workflow_instance_steps.id", ondelete="CASCADE"), unique=True
    )
    instance_id: Mapped[int] = mapped_column(
        ForeignKey("workflow_instances.id", ondelete="CASCADE"), index=True
    )
    nonce: Mapped[Key]
    token_hash: Mapped[Key] = mapped_column(unique=True)
    early: Mapped[Json | None]
    called_at: Mapped[Moment | None]


class WorkerProcess(Base):
    """A process that says it is alive: a worker on its queue, or a scheduler."""

    __tablename__ = "worker_processes"

    id: Mapped[PrimaryKey]
    name: Mapped[Line] = mapped_column(unique=True)
    kind: Mapped[Word]  # worker or scheduler
    queue: Mapped[Word | None]
    host: Mapped[Line]
    pid: Mapped[int]
    version: Mapped[Word]
    in_flight: Mapped[int] = mapped_column(default=0)
    clock_off: Mapped[float | None]  # seconds that its machine's clock is ahead of the database's
    started_at: Mapped[Moment]
    seen_at: Mapped[Moment]


class QueuePause(Base):
    """A queue from which nothing is taken until somebody resumes it. Its jobs wait."""

    __tablename__ = "queue_pauses"

    queue: Mapped[Word] = mapped_column(primary_key=True)
    reason: Mapped[LongText | None]
    paused_by: Mapped[Line]
    paused_at: Mapped[Moment]


class Tally(Base):
    """How often something happened within a minute (an hour, once it is old): see
    `domain/tallies.py`."""

    __tablename__ = "tallies"
    __table_args__ = (
        # What charts read: some names, over some time.
        Index("ix_tallies_name_minute", "name", "minute"),
        # What has yet to be folded.
        Index(
            "ix_tallies_fresh",
            "minute",
            sqlite_where=text("source <> ''"),
            postgresql_where=text("source <> ''"),
        ),
    )

    minute: Mapped[Moment] = mapped_column(primary_key=True)
    source: Mapped[Key] = mapped_column(primary_key=True)  # the process that counted
    name: Mapped[Word] = mapped_column(primary_key=True)
    labels: Mapped[Line] = mapped_column(primary_key=True)
    value: Mapped[float] = mapped_column(Double)
