"""Notification policies: who is told what, on which channel, when a step or an instance meets a
trigger."""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, model_validator

from app.models.vocabulary import Channel, InstanceTrigger, Trigger
from app.schemas.actions import SecretName
from app.schemas.base import Schema
from app.schemas.conditions import When
from app.schemas.moments import Duration, Moment

MAX_RECIPIENTS = 100
MAX_REMINDERS = 50

Recipient = Annotated[str, Field(min_length=1, max_length=320)]
TemplateKey = Annotated[
    str, Field(max_length=120, description="A notification template; default: the trigger's own.")
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
    ),
]


class Fallback(Schema):
    """Tried when the policy's own channel has failed for good, or can't reach the recipient."""

    channel: Channel
    recipients: Recipients | None = Field(None, description="Default: the same recipient.")
    template: TemplateKey = ""


class Remind(Schema):
    """Says it again until the step is done."""

    every: Duration
    times: int = Field(ge=1, le=MAX_REMINDERS, strict=True)


class Escalation(Schema):
    """Tells others when the step is still not done after a while."""

    after: Duration
    to: Recipients
    channel: Channel = Channel.EMAIL
    template: TemplateKey = ""


class Policy(Schema):
    """What policies of steps and of instances have in common."""

    channel: Channel
    template: TemplateKey = ""
    recipients: Recipients = Field(default_factory=lambda: ["role:operator"])
    when: When | None = Field(None, description="Looked at when it is about to be sent.")
    delay: Duration | None = None
    run_at: Moment | None = Field(None, description="Not before this time; may be a placeholder.")
    fallback: Annotated[Fallback, BeforeValidator(_on_channel)] | None = None
    signing_secret: SecretName | None = Field(None, description="For WEBHOOK: signs the request.")

    @model_validator(mode="after")
    def _one_time(self) -> "Policy":
        if self.delay is not None and self.run_at is not None:
            raise ValueError("Give either delay or runAt.")
        return self


class NotificationPolicy(Policy):
    """Who is told what, on which channel, when the step meets a trigger."""

    trigger: Trigger
    remind: Remind | None = Field(None, description="For steps that people do.")
    escalate: list[Escalation] = Field(
        default_factory=list, max_length=20, description="For steps that people do."
    )


class InstancePolicy(Policy):
    """Who is told what, on which channel, when the instance meets a trigger."""

    trigger: InstanceTrigger
