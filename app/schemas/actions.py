"""The registry of action types: what each kind of step can be told. One class serves form, JSON
and OpenAPI. Adding a kind: its config here, `workers/handlers/<kind>.py` if the system carries
it out, and its test."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, field_validator, model_validator

from app.schemas.answers import (
    Expectation,
    Expectations,
    ExpectFailure,
    OutputMap,
    SuccessStatus,
)
from app.schemas.base import Schema
from app.schemas.durations import parse_duration
from app.schemas.moments import Duration, Moment
from app.schemas.recurrence import Recurrence
from app.schemas.retry import Retry

WAIT_CALLBACK = "WAIT_CALLBACK"
MAX_HEADERS = 50
SECRET_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,63}")
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
# They decide where a request ends, who reads it and what becomes of the connection, so only the
# outbound client writes them.
_RESERVED = frozenset(
    "host content-length transfer-encoding connection keep-alive te trailer upgrade expect "
    "proxy-connection proxy-authorization proxy-authenticate".split()
)


def header_name(name: str) -> str:
    """A header that an author may set. Raises ValueError."""
    if not _HEADER_NAME.fullmatch(name):
        raise ValueError(f"{name[:100]!r} is not a header name.")
    if name.lower() in _RESERVED or name.lower().startswith("webhook-"):
        raise ValueError(f"{name} is set by Runsheet.")
    return name


def _secret_name(text: str) -> str:
    if not SECRET_NAME.fullmatch(text):
        raise ValueError("A secret's name has letters, digits, _ . - and begins with a letter.")
    return text


SecretName = Annotated[str, AfterValidator(_secret_name), Field(examples=["STOCK_KEY"])]


class PeopleConfig(Schema):
    """What all steps that people do can be told."""

    instructions: str = Field("", description="What to do, in Markdown.")


class ManualTask(PeopleConfig):
    """A person does something and says so."""


class Approval(PeopleConfig):
    """A person says yes or no; `output.outcome` is `approved` or `rejected`."""

    question: str = Field("", description="What is to be decided.")


class FormInput(PeopleConfig):
    """A person fills in a form; what they enter is the step's output."""

    form_schema: dict[str, Any] = Field(
        default_factory=lambda: {"type": "object", "properties": {}},
        alias="schema",
        description="A JSON Schema of the answers.",
        json_schema_extra={"x-widget": "fields"},
    )


IfPast = Annotated[
    Literal["run", "skip"],
    Field(description="What becomes of it when runAt has passed: it runs at once, or is skipped."),
]


class AutomationConfig(Schema):
    """What all steps that the system does can be told."""

    timeout_seconds: float = Field(
        20, gt=0, le=20, strict=True, description="Limit of one attempt, seconds."
    )
    retry: Retry = Field(default_factory=lambda: Retry.model_validate({}))
    run_at: Moment | None = Field(None, description="Not before this time; may be a placeholder.")
    if_past: IfPast = "run"
    delay: Duration | None = Field(None, description="How long after it became ready.")
    recurrence: Recurrence | None = Field(
        None, description="Carries it out again and again; `runAt` and `delay` come before."
    )

    @model_validator(mode="after")
    def _one_time(self) -> "AutomationConfig":
        if self.run_at is not None and self.delay is not None:
            raise ValueError("Give either runAt or delay.")
        return self


class Auth(Schema):
    """How the request proves who sends it; the secret is named, never written here."""

    type: Literal["bearer", "basic", "header"]
    secret: SecretName
    username: str | None = Field(None, max_length=200, description="For basic.")
    header: Annotated[str, AfterValidator(header_name)] | None = Field(
        None, description="For header: its name."
    )

    @field_validator("username")
    @classmethod
    def _one_line(cls, name: str | None) -> str | None:
        if name is not None and (":" in name or not name.isprintable()):
            raise ValueError("A user name is one line without a colon.")
        return name

    @model_validator(mode="after")
    def _what_its_type_needs(self) -> "Auth":
        if self.type == "basic" and self.username is None:
            raise ValueError("basic needs a username.")
        if self.type == "header" and self.header is None:
            raise ValueError("header needs a header: its name.")
        return self


class Webhook(AutomationConfig):
    """Sends an HTTP request; a success completes the step, its answer becomes the output."""

    url: str = Field(
        min_length=1, max_length=2048, examples=["https://stock.example.com/{{ input.orderId }}"]
    )
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"] = "POST"
    headers: dict[str, str] = Field(default_factory=dict, max_length=MAX_HEADERS)
    body: Any = Field(None, description="JSON; placeholders in its strings are filled in.")
    signing_secret: SecretName | None = None
    auth: Auth | None = None
    success_status: SuccessStatus = Field(
        default_factory=lambda: ["2xx"], description="Codes and classes that are a success."
    )
    expect: Expectations = Field(
        default_factory=list[Expectation],
        description="What a success must hold as well; all of it, else the attempt fails.",
    )
    expect_failure: ExpectFailure = Field(
        "fail", description="What a success that does not hold it comes to."
    )
    output: OutputMap = Field(
        None, description="The step's output, name by name, from paths into the answer."
    )

    @field_validator("headers")
    @classmethod
    def _sendable(cls, headers: dict[str, str]) -> dict[str, str]:
        for name, value in headers.items():
            header_name(name)
            if any((ord(char) < 32 and char != "\t") or ord(char) == 127 for char in value):
                raise ValueError(f"The value of {name} has control characters.")
        return headers


MailAddress = Annotated[
    str,
    Field(
        min_length=1,
        max_length=1000,
        examples=["Billing <billing@example.com>", "{{ input.email }}"],
        description="One address; a placeholder alone may give a list of them.",
    ),
]


class Email(AutomationConfig):
    """Sends a mail; subject and bodies are Liquid."""

    to: list[MailAddress] = Field(min_length=1, max_length=50)
    cc: list[MailAddress] = Field(default_factory=list, max_length=50)
    bcc: list[MailAddress] = Field(
        default_factory=list, max_length=50, description="Get the mail, and stand nowhere in it."
    )
    reply_to: MailAddress | None = Field(None, description="Where answers go; default: the sender.")
    subject: str = Field(min_length=1, max_length=500)
    text: str = Field("", description="Read where no HTML is shown.")
    html: str | None = Field(None, description="Sent beside the text; values are escaped.")


class WaitTimer(Schema):
    """Waits until a time, or for a while after it became ready."""

    run_at: Moment | None = None
    if_past: IfPast = "run"
    delay: Duration | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> "WaitTimer":
        if (self.run_at is None) == (self.delay is None):
            raise ValueError("Give either runAt or delay.")
        return self


class WaitCallback(Schema):
    """Waits until a program calls the step's secret URL; the call says how it went, once."""

    timeout: Duration | None = Field(None, description="How long it waits; without: for ever.")
    on_timeout: Literal["fail", "complete"] = Field(
        "fail", description="What becomes of the step when nobody calls in time."
    )
    signing_secret: SecretName | None = Field(
        None, description="Calls must carry a Standard Webhooks signature made with it."
    )
    expect: Expectations = Field(
        default_factory=list[Expectation],
        description="What a call that completes the step must hold; else the step fails.",
    )
    output: OutputMap = Field(
        None, description="The step's output, name by name, from paths into the call's body."
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
