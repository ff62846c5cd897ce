"""The config of a step that sends an HTTP request."""

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, field_validator, model_validator

from app.schemas.answers import (
    EXPECT_FAILURE_LABELS,
    Expectation,
    Expectations,
    ExpectFailure,
    OutputMap,
    SuccessStatus,
)
from app.schemas.automation import AutomationConfig
from app.schemas.base import Schema
from app.schemas.secret_name import SecretName

MAX_HEADERS = 50
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


class Auth(Schema):
    """How the request proves who sends it; the secret is named, never written here."""

    type: Literal["bearer", "basic", "header"] = Field(
        title="Kind",
        description="A bearer token, a user name with a password, or a header of its own.",
        json_schema_extra={
            "x-labels": {"bearer": "bearer token", "basic": "user name and password"},
        },
    )
    secret: SecretName = Field(
        title="Secret", description="The name of the token, the password or the header's value."
    )
    username: str | None = Field(
        None,
        max_length=200,
        title="User name",
        description="For basic.",
        examples=["shop"],
        json_schema_extra={"x-for": {"type": ["basic"]}},
    )
    header: Annotated[str, AfterValidator(header_name)] | None = Field(
        None,
        title="Header",
        description="For header: its name.",
        examples=["X-Api-Key"],
        json_schema_extra={"x-for": {"type": ["header"]}},
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


HeaderValue = Annotated[str, Field(json_schema_extra={"x-placeholders": "plain"})]


class Webhook(AutomationConfig):
    """Sends an HTTP request; a success completes the step, its answer becomes the output."""

    url: str = Field(
        min_length=1,
        max_length=2048,
        title="URL",
        description="Where the request goes; placeholders are percent-encoded.",
        examples=["https://stock.example.com/{{ input.orderId }}"],
        json_schema_extra={"x-placeholders": "plain"},
    )
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"] = Field(
        "POST", title="Method", description="Of the request."
    )
    headers: dict[str, HeaderValue] = Field(
        default_factory=dict,
        max_length=MAX_HEADERS,
        title="Headers",
        description="Sent beside those that Runsheet sets; placeholders in their values are "
        "filled in.",
        examples=[{"X-Source": "runsheet"}],
        json_schema_extra={"default": {}},
    )
    body: Any = Field(
        None,
        title="Body",
        description="JSON; placeholders in its strings are filled in.",
        examples=[{"order": "{{ input.orderId }}"}],
        json_schema_extra={"x-placeholders": "plain", "x-rows": 6},
    )
    signing_secret: SecretName | None = Field(
        None,
        title="Signing secret",
        description="Signs each request (Standard Webhooks), so that the receiver knows us.",
    )
    auth: Auth | None = Field(
        None, title="Authentication", description="How the request proves who sends it."
    )
    success_status: SuccessStatus = Field(
        default_factory=lambda: ["2xx"],
        title="Success",
        description="Codes and classes that are a success.",
        examples=[["2xx", 404]],
        json_schema_extra={"default": ["2xx"], "x-order": 1},
    )
    expect: Expectations = Field(
        default_factory=list[Expectation],
        title="What a success must hold",
        description="What a success must hold as well; all of it, else the attempt fails.",
        json_schema_extra={"default": [], "x-order": 1},
    )
    expect_failure: ExpectFailure = Field(
        "fail",
        title="If it does not hold it",
        description="What a success that does not hold it comes to.",
        json_schema_extra={"x-labels": {**EXPECT_FAILURE_LABELS}, "x-order": 1},
    )
    output: OutputMap = Field(
        None,
        title="Output",
        description="The step's output, name by name, from paths into the answer.",
        examples=[{"orderId": "body.id"}],
        json_schema_extra={"x-order": 1},
    )

    @field_validator("headers")
    @classmethod
    def _sendable(cls, headers: dict[str, str]) -> dict[str, str]:
        for name, value in headers.items():
            header_name(name)
            if any((ord(char) < 32 and char != "\t") or ord(char) == 127 for char in value):
                raise ValueError(f"The value of {name} has control characters.")
        return headers
