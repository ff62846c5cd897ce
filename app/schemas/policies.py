"""Notification policies: who is told what, on which channel, when a step or an instance meets a
trigger."""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, model_validator

from app.models.vocabulary import Channel, InstanceTrigger, Trigger
from app.schemas.base import Schema
from app.schemas.conditions import When
from app.schemas.moments import Duration, Moment
from app.schemas.secret_name import SecretName

MAX_RECIPIENTS = 100
MAX_REMINDERS = 50

CHANNEL_LABELS: dict[str, str] = {
    "EMAIL": "email",
    "SMS": "SMS",
    "PUSH": "push",
    "CHAT": "chat",
    "IN_APP": "in the console",
    "WEBHOOK": "webhook",
}
TRIGGER_LABELS: dict[str, str] = {
    "ON_READY": "it is ready",
    "ON_STARTED": "it starts",
    "ON_COMPLETED": "it completes",
    "ON_FAILED": "it fails",
    "ON_SKIPPED": "it is skipped",
    "ON_RETRY": "it is tried again",
    "ON_OVERDUE": "it is late",
    "ON_ATTENTION": "it needs attention",
    "ON_CANCELLED": "it is cancelled",
}

Recipient = Annotated[
    str, Field(min_length=1, max_length=320, json_schema_extra={"x-placeholders": "plain"})
]
OnChannel = Annotated[
    Channel,
    Field(
        title="Channel",
        description="How they are told.",
        json_schema_extra={"x-labels": {**CHANNEL_LABELS}},
    ),
]
TemplateKey = Annotated[
    str,
    Field(
        max_length=120,
        title="Says",
        description="A notification template; default: the trigger's own.",
        examples=["step-failed"],
        json_schema_extra={"x-widget": "notification-template"},
    ),
]


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _on_channel(value: Any) -> Any:
    return {"channel": value} if isinstance(value, str) else value


Recipients = Annotated[
    list[Recipient],
    BeforeValidator(_listed),
    Field(
        min_length=1,
        max_length=MAX_RECIPIENTS,
        description="Addresses, `{{ input.email }}`, `role:operator`, `group:finance`, "
        "`user:3`, `assignee`, `starter`.",
        examples=[["role:operator", "{{ input.email }}"]],
        json_schema_extra={"x-widget": "recipients"},
    ),
]


class Fallback(Schema):
    """Tried when the policy's own channel has failed for good, or can't reach the recipient."""

    channel: OnChannel
    recipients: Recipients | None = Field(
        None, title="Recipients", description="Default: the same recipient."
    )
    template: TemplateKey = ""


class Remind(Schema):
    """Says it again until the step is done."""

    every: Duration = Field(title="Every", description="How long between two reminders.")
    times: int = Field(
        ge=1,
        le=MAX_REMINDERS,
        strict=True,
        title="Times",
        description="How many reminders at most.",
        examples=[3],
    )


class Escalation(Schema):
    """Tells others when the step is still not done after a while."""

    after: Duration = Field(title="After", description="How long after the trigger.")
    to: Recipients = Field(title="To")
    channel: OnChannel = Channel.EMAIL
    template: TemplateKey = ""


class Policy(Schema):
    """What policies of steps and of instances have in common."""

    channel: OnChannel
    template: TemplateKey = ""
    recipients: Recipients = Field(
        default_factory=lambda: ["role:operator"],
        title="Recipients",
        json_schema_extra={"default": ["role:operator"]},
    )
    when: When | None = Field(
        None, title="Only if", description="Looked at when it is about to be sent."
    )
    delay: Duration | None = Field(
        None, title="Delay", description="How long after the trigger it is sent."
    )
    run_at: Moment | None = Field(
        None, title="Run at", description="Not before this time; may be a placeholder."
    )
    fallback: Annotated[Fallback, BeforeValidator(_on_channel)] | None = Field(
        None,
        title="Fallback",
        description="Tried when the channel has failed for good, or can't reach the recipient.",
    )
    signing_secret: SecretName | None = Field(
        None,
        title="Signing secret",
        description="For WEBHOOK: signs the request.",
        json_schema_extra={"x-for": {"channel": ["WEBHOOK"]}},
    )

    @model_validator(mode="after")
    def _one_time(self) -> "Policy":
        if self.delay is not None and self.run_at is not None:
            raise ValueError("Give either delay or runAt.")
        return self


class NotificationPolicy(Policy):
    """Who is told what, on which channel, when the step meets a trigger."""

    trigger: Trigger = Field(
        title="When",
        description="What the step meets.",
        json_schema_extra={"x-labels": {**TRIGGER_LABELS}},
    )
    remind: Remind | None = Field(None, title="Reminders", description="For steps that people do.")
    escalate: list[Escalation] = Field(
        default_factory=list,
        max_length=20,
        title="Escalation",
        description="For steps that people do.",
        json_schema_extra={"default": []},
    )


class InstancePolicy(Policy):
    """Who is told what, on which channel, when the instance meets a trigger."""

    trigger: InstanceTrigger = Field(
        title="When",
        description="What the instance meets.",
        json_schema_extra={"x-labels": {**TRIGGER_LABELS}},
    )
