"""Queues and the processes on them, as they cross the boundary."""

from datetime import datetime

from pydantic import Field

from app.schemas.base import Schema


class QueueOut(Schema):
    """How a queue stands."""

    name: str = Field(examples=["workflow-automation"])
    depth: int = Field(description="Jobs that are due and wait for a worker.")
    oldest_seconds: float | None = Field(
        description="For how long the first of them has been due; null when none is."
    )
    in_flight: int = Field(description="Jobs that workers hold.")
    retrying: int = Field(description="Jobs that wait for their next try.")
    planned: int = Field(description="Jobs that wait for their first time.")
    held: int = Field(description="Jobs of paused instances.")
    poisoned: int = Field(description="Steps that took down several workers and stay aside.")
    per_minute: int = Field(description="Tries that ended within the last minute.")
    workers: int = Field(description="Processes that listen on it.")
    paused: bool
    paused_by: str | None
    paused_at: datetime | None
    reason: str | None


class RunningOut(Schema):
    """One thing that a worker is doing."""

    queue: str
    kind: str
    action_type: str
    instance_id: int | None
    step_key: str | None
    delivery_id: int | None
    claimed_at: datetime | None


class WorkerOut(Schema):
    """A process: a worker on its queue, or a scheduler."""

    name: str
    kind: str = Field(description="worker or scheduler")
    queue: str | None
    host: str
    pid: int
    version: str
    alive: bool = Field(description="Whether it has spoken within the last 20 s.")
    ended: bool = Field(description="Whether it ended in good order.")
    started_at: datetime
    seen_at: datetime
    clock_off_seconds: float | None
    in_flight: int
    running: list[RunningOut] = Field(description="What it holds, the longest first; 50 at most.")
