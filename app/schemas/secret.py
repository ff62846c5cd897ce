"""Secrets as they cross the boundary: values go in and never come out."""

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, Field, SecretStr

from app.schemas.base import Schema
from app.schemas.secret_name import SecretName

LONGEST_VALUE = 4096
MOST_HOSTS = 50


def _one_line(value: SecretStr) -> SecretStr:
    text = value.get_secret_value()
    if not text:
        raise ValueError("This is required.")
    if len(text) > LONGEST_VALUE:
        raise ValueError(f"A value has at most {LONGEST_VALUE:,} characters.")
    if text != text.strip():
        raise ValueError("The value begins or ends with a space or a line break.")
    if any(ord(char) < 32 or ord(char) == 127 for char in text):
        raise ValueError("A value is one line without control characters.")
    return value


Value = Annotated[
    SecretStr,
    AfterValidator(_one_line),
    Field(
        description="One line. For signing: `whsec_` and base64, or any text, whose bytes are "
        "then the key. Never returned.",
        json_schema_extra={"minLength": 1, "maxLength": LONGEST_VALUE},
    ),
]
Hosts = Annotated[
    list[Annotated[str, Field(min_length=1, max_length=300)]],
    Field(
        max_length=MOST_HOSTS,
        description="Where it may be sent: `example.com`, `example.com:8443`, `*.example.com`. "
        "Empty: anywhere.",
        examples=[["stock.example.com"]],
    ),
]


class SecretIn(Schema):
    """A new secret."""

    name: SecretName
    value: Value
    hosts: Hosts = Field(default_factory=list)


class RotateIn(Schema):
    """A new value for a secret."""

    value: Value
    previous_valid_until: AwareDatetime | None = Field(
        None,
        description="Until then the old value verifies and signs too. Default: for 24 hours. A "
        "time that has passed: not at all.",
    )


class SecretChange(Schema):
    """What of a secret can change without a new value."""

    hosts: Hosts


class SecretUse(Schema):
    """A template that names the secret, in its draft or its newest version."""

    template_id: int
    key: str
    name: str


class SecretOut(Schema):
    """A secret without its value. `keyId`: which of ENCRYPTION_KEYS it is encrypted with."""

    name: str
    hosts: list[str]
    key_id: str
    previous_valid_until: datetime | None
    created_at: datetime
    updated_at: datetime = Field(description="When its value was last set.")
    updated_by: str
    used_by: list[SecretUse]
