"""The registry of action types: what each kind of step can be told. One class serves form, JSON
and OpenAPI. Adding a kind: its config here, `workers/handlers/<kind>.py` if the system carries
it out, and its test."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from app.schemas.answers import Expectation, Expectations, OutputMap
from app.schemas.automation import AutomationConfig, IfPast
from app.schemas.base import Schema
from app.schemas.durations import parse_duration
from app.schemas.moments import Duration, Moment
from app.schemas.secret_name import SecretName
from app.schemas.webhook import Webhook

WAIT_CALLBACK = "WAIT_CALLBACK"


class PeopleConfig(Schema):
    """What all steps that people do can be told."""

    instructions: str = Field(
        "",
        title="Instructions",
        description="What to do, in Markdown.",
        examples=["Call the customer and confirm the address."],
        json_schema_extra={"x-widget": "markdown", "x-order": 1},
    )


class ManualTask(PeopleConfig):
    """A person does something and says so."""


class Approval(PeopleConfig):
    """A person says yes or no; `output.outcome` is `approved` or `rejected`."""

    question: str = Field(
        "",
        title="Question",
        description="What is to be decided.",
        examples=["Refund this order?"],
    )


class FormInput(PeopleConfig):
    """A person fills in a form; what they enter is the step's output."""

    form_schema: dict[str, Any] = Field(
        default_factory=lambda: {"type": "object", "properties": {}},
        alias="schema",
        title="Fields",
        description="A JSON Schema of the answers.",
        examples=[{"type": "object", "properties": {"phone": {"type": "string"}}}],
        json_schema_extra={
            "default": {"type": "object", "properties": {}},
            "x-widget": "fields",
            "x-order": 2,
        },
    )


MailAddress = Annotated[
    str,
    Field(
        min_length=1,
        max_length=1000,
        examples=["Billing <billing@example.com>", "{{ input.email }}"],
        description="One address; a placeholder alone may give a list of them.",
        json_schema_extra={"x-placeholders": "plain"},
    ),
]


class Email(AutomationConfig):
    """Sends a mail; subject and bodies are Liquid."""

    to: list[MailAddress] = Field(
        min_length=1, max_length=50, title="To", description="Who gets the mail."
    )
    cc: list[MailAddress] = Field(
        default_factory=list,
        max_length=50,
        title="Cc",
        description="Who gets a copy.",
        json_schema_extra={"default": []},
    )
    bcc: list[MailAddress] = Field(
        default_factory=list,
        max_length=50,
        title="Bcc",
        description="Get the mail, and stand nowhere in it.",
        json_schema_extra={"default": []},
    )
    reply_to: MailAddress | None = Field(
        None, title="Answers to", description="Where answers go; default: the sender."
    )
    subject: str = Field(
        min_length=1,
        max_length=500,
        title="Subject",
        description="One line of Liquid.",
        examples=["Order {{ input.orderId }}"],
        json_schema_extra={"x-placeholders": "liquid"},
    )
    text: str = Field(
        "",
        title="Text",
        description="Read where no HTML is shown.",
        examples=["{{ input.amount }} EUR are on their way."],
        json_schema_extra={"x-placeholders": "liquid", "x-widget": "area", "x-rows": 6},
    )
    html: str | None = Field(
        None,
        title="HTML",
        description="Sent beside the text; values are escaped.",
        examples=["<p>{{ input.amount }} EUR are on their way.</p>"],
        json_schema_extra={"x-placeholders": "liquid", "x-widget": "area", "x-rows": 6},
    )


class WaitTimer(Schema):
    """Waits until a time, or for a while after it became ready."""

    run_at: Moment | None = Field(
        None, title="Until", description="The time it waits for; may be a placeholder."
    )
    if_past: IfPast = Field("run", json_schema_extra={"x-tab": "action"})
    delay: Duration | None = Field(
        None, title="For", description="How long it waits from when it became ready."
    )

    @model_validator(mode="after")
    def _one_of_both(self) -> "WaitTimer":
        if (self.run_at is None) == (self.delay is None):
            raise ValueError("Give either runAt or delay.")
        return self


class WaitCallback(Schema):
    """Waits until a program calls the step's secret URL; the call says how it went, once."""

    timeout: Duration | None = Field(
        None, title="Waits for", description="How long it waits; without: for ever."
    )
    on_timeout: Literal["fail", "complete"] = Field(
        "fail",
        title="If nobody calls",
        description="What becomes of the step when nobody calls in time.",
        json_schema_extra={"x-labels": {"fail": "it fails", "complete": "it completes"}},
    )
    signing_secret: SecretName | None = Field(
        None,
        title="Signing secret",
        description="Calls must carry a Standard Webhooks signature made with it.",
    )
    expect: Expectations = Field(
        default_factory=list[Expectation],
        title="What a call must hold",
        description="What a call that completes the step must hold; else the step fails.",
        json_schema_extra={"default": []},
    )
    output: OutputMap = Field(
        None,
        title="Output",
        description="The step's output, name by name, from paths into the call's body.",
        examples=[{"parcel": "body.trackingId"}],
    )

    @field_validator("timeout")
    @classmethod
    def _long_enough(cls, timeout: str | None) -> str | None:
        if timeout is not None and not parse_duration(timeout):
            raise ValueError("A timeout is longer than nothing.")
        return timeout

    @model_validator(mode="after")
    def _about_the_body(self) -> "WaitCallback":
        paths = [wish.path for wish in self.expect] + [*(self.output or {}).values()]
        for path in paths:
            if path.split(".")[0] != "body":
                raise ValueError(f"A path into a call begins with body, and {path} does not.")
        return self


@dataclass(frozen=True, slots=True)
class ActionType:
    """One kind of step: `people` do it, or the system does."""

    name: str
    label: str
    config: type[Schema]
    people: bool = False


# Asynchronous webhooks take their place here.
ACTION_TYPES: Mapping[str, ActionType] = {
    kind.name: kind
    for kind in (
        ActionType("MANUAL_TASK", "Manual task", ManualTask, people=True),
        ActionType("APPROVAL", "Approval", Approval, people=True),
        ActionType("FORM_INPUT", "Form", FormInput, people=True),
        ActionType("AUTOMATION_WEBHOOK", "Webhook", Webhook),
        ActionType("AUTOMATION_EMAIL", "Email", Email),
        ActionType("WAIT_TIMER", "Timer", WaitTimer),
        ActionType(WAIT_CALLBACK, "Callback", WaitCallback),
    )
}
PEOPLE_TYPES = frozenset(name for name, kind in ACTION_TYPES.items() if kind.people)

__all__ = ["ACTION_TYPES", "PEOPLE_TYPES", "WAIT_CALLBACK", "ActionType"]
