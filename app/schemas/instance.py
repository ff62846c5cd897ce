"""Instances, their steps, attempts, deliveries and events as they cross the boundary."""

from datetime import datetime
from typing import Any

from pydantic import Field, model_validator

from app.models.vocabulary import Channel, DeliveryState
from app.schemas.base import Schema
from app.schemas.moments import Instant
from app.schemas.recurrence import MAX_COUNT

MAX_BULK = 1000
MAX_VERSION = 2**31 - 1  # what the column holds


class InstanceIn(Schema):
    """Starts an instance of a published template, by key or by id."""

    template_key: str | None = Field(None, max_length=120, examples=["order-fulfilment"])
    template_id: int | None = Field(None, ge=1, strict=True)
    version: int | None = Field(
        None, ge=1, le=MAX_VERSION, strict=True, description="Default: the newest."
    )
    title: str = Field("", max_length=500)
    input: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _one_template(self) -> "InstanceIn":
        if (self.template_key is None) == (self.template_id is None):
            raise ValueError("Give either templateKey or templateId.")
        return self


class BulkIn(Schema):
    """Starts many instances, all or none."""

    items: list[InstanceIn] = Field(min_length=1, max_length=MAX_BULK)


class Reason(Schema):
    """Why; it stands on the timeline."""

    reason: str = Field("", max_length=2000)


class CompleteIn(Reason):
    """What the step produced."""

    output: dict[str, Any] = Field(default_factory=dict)


class ReplayIn(Reason):
    """Which occurrence of a step that recurs; default: the last that ended."""

    occurrence: int | None = Field(None, ge=1, le=MAX_COUNT, strict=True)


class RescheduleIn(Reason):
    """When the planned attempt is to be made instead; a time in the past means now."""

    at: Instant


class AttemptOut(Schema):
    """One attempt of an automation step."""

    attempt: int
    occurrence: int
    execution_token: str
    queued_at: datetime | None
    started_at: datetime
    ended_at: datetime | None
    duration_ms: int | None
    outcome: str | None = Field(
        description="succeeded, retry, failed, unknown, fenced or abandoned; null while it runs"
    )
    status_code: int | None
    error: str | None
    request: dict[str, Any] | None
    response: dict[str, Any] | None
    worker: str
    replay: bool


class DeliveryTryOut(Schema):
    """One try of a delivery."""

    attempt: int
    started_at: datetime
    ended_at: datetime | None
    duration_ms: int | None
    outcome: str | None = Field(
        description="succeeded, retry, failed, unknown or fenced; null while it runs"
    )
    status_code: int | None
    error: str | None
    provider_id: str | None
    content: Any = Field(description="What was sent, secrets taken out.")
    answer: Any
    worker: str


class DeliveryOut(Schema):
    """One notification to one recipient on one channel."""

    id: int
    instance_id: int | None
    step_key: str | None
    channel: str
    trigger: str
    template: str
    recipient: str
    address: str | None
    state: str = Field(description="QUEUED, SENT, FAILED or SKIPPED")
    reason: str | None = Field(description="Why it was skipped, failed, or is tried again.")
    attempts: int
    next_attempt_at: datetime | None
    provider_status: str | None = Field(description="What the provider told later, in its word.")
    tries: list[DeliveryTryOut]
    replay_of: int | None
    fallback_of: int | None
    created_at: datetime
    sent_at: datetime | None


class DeliveryReplay(Reason):
    """Sends all deliveries again that match and have ended, if they are as many as expected."""

    channel: Channel | None = None
    state: DeliveryState | None = None
    template: str | None = Field(None, max_length=120)
    recipient: str | None = Field(None, max_length=320)
    error: str | None = Field(None, max_length=500)
    instance_id: int | None = Field(None, ge=1, strict=True)
    user_id: int | None = Field(None, ge=1, strict=True)
    expected: int = Field(ge=0, strict=True, description="How many were counted before.")


class CountOut(Schema):
    """How many there are."""

    count: int


class StepOut(Schema):
    """One step of an instance."""

    id: int
    key: str
    name: str
    action_type: str
    action_config: dict[str, Any]
    notification_policies: list[dict[str, Any]]
    depends_on: list[str]
    state: str
    action_state: str
    reason: str | None
    assignee: str | None
    due_at: datetime | None
    overdue: bool
    next_attempt_at: datetime | None
    execution_token: str | None
    occurrence: int | None = Field(
        description="Of a step that recurs: the number of the execution of this token."
    )
    attempts: int
    max_attempts: int | None
    retry_count: int
    output: Any
    error: str | None
    ready_at: datetime | None
    started_at: datetime | None
    completed_at: datetime | None
    automation_log: list[AttemptOut]
    notification_log: list[DeliveryOut]
    allowed_actions: list[str]
    callback_url: str | None = Field(
        None, description="Where a WAIT_CALLBACK step is called; only for who may operate."
    )


class InstanceSummary(Schema):
    """An instance in a list."""

    id: int
    template_id: int
    template_key: str
    template_name: str
    version: int
    title: str
    state: str
    needs_attention: bool
    generation: int
    started_by: str
    started_at: datetime
    ended_at: datetime | None
    due_at: datetime | None
    overdue: bool
    updated_at: datetime


class InstanceOut(InstanceSummary):
    """An instance with its steps. `notificationLog` has what policies of the whole sent."""

    notification_log: list[DeliveryOut]
    input: dict[str, Any]
    event_seq: int
    allowed_actions: list[str]
    steps: list[StepOut]


class IdOut(Schema):
    """One of many that were made."""

    id: int


class BulkOut(Schema):
    """The instances that were started, in the order in which they were asked for."""

    items: list[IdOut]


class EventOut(Schema):
    """One line of an instance's history."""

    seq: int
    at: datetime
    kind: str
    step_key: str | None
    actor: str
    reason: str | None
    data: dict[str, Any] | None
