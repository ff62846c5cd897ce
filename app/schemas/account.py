"""What people say about themselves."""

from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from app.models.vocabulary import Channel, Theme
from app.phone import read_phone
from app.schemas.base import Schema


def _none_if_blank(value: object) -> object:
    return None if isinstance(value, str) and not value.strip() else value


def _stripped(value: object) -> object:
    return value.strip() if isinstance(value, str) else value


Phone = Annotated[
    str | None,
    BeforeValidator(_none_if_blank),
    AfterValidator(lambda text: None if text is None else read_phone(text)),
]


class AccountIn(Schema):
    """What a person may change about themselves."""

    name: Annotated[str, BeforeValidator(_stripped)] = Field(min_length=1, max_length=120)
    phone: Phone = Field(None, description="For SMS, with the country's code.")
    channels_off: list[Channel] = Field(default_factory=list)
    time_zone: Annotated[str | None, BeforeValidator(_none_if_blank)] = Field(
        None, max_length=60, description="For times in mails; UTC where it is empty."
    )
    theme: Theme = Theme.SYSTEM


class BrowserIn(Schema):
    """A browser's push subscription, as it gives it."""

    endpoint: str = Field(min_length=1, max_length=2000)
    p256dh: str = Field(min_length=1, max_length=200)
    auth: str = Field(min_length=1, max_length=100)
