"""Channels as programs see them, and a test of one."""

from pydantic import Field

from app.schemas.base import Schema


class ChannelOut(Schema):
    """A channel, and whether it works here."""

    name: str = Field(description="EMAIL, SMS, PUSH, CHAT, IN_APP or WEBHOOK")
    label: str
    missing: str | None = Field(description="Why nothing can be sent on it; null: it works.")
    places: list[str] = Field(description="Of chat: the recipients that the settings name.")


class ChannelTestIn(Schema):
    """Where a test is sent to."""

    recipient: str = Field(
        min_length=1,
        max_length=500,
        description="`chat:NAME` for chat, a URL for webhooks, for all others somebody's mail "
        "address.",
        examples=["jo@example.com"],
    )
