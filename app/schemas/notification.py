"""What a notification says on each channel. Strings are Liquid as authors write them, and plain
text once they are rendered."""

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from app.models.vocabulary import Channel
from app.schemas.base import Schema


class EmailContent(Schema):
    """A mail. Without `html`, the mail's HTML is made from its text."""

    subject: str = Field(min_length=1, max_length=500)
    text: str = Field(min_length=1, max_length=50_000)
    html: str | None = Field(None, max_length=100_000)


class SmsContent(Schema):
    """A text message; cut to ten segments when it is sent."""

    text: str = Field(min_length=1, max_length=4_000)


class PushContent(Schema):
    """What a browser shows, also when the console is closed."""

    title: str = Field(min_length=1, max_length=200)
    body: str = Field("", max_length=1_000)


class ChatContent(Schema):
    """A message in a chat."""

    text: str = Field(min_length=1, max_length=10_000)


class InAppContent(Schema):
    """A line in the console's bell."""

    title: str = Field(min_length=1, max_length=200)
    body: str = Field("", max_length=5_000)


class WebhookContent(Schema):
    """The JSON that is posted; its strings take Liquid."""

    body: Any = Field(None, description="JSON; strings in it are Liquid.")


CONTENT: Mapping[Channel, type[Schema]] = {
    Channel.EMAIL: EmailContent,
    Channel.SMS: SmsContent,
    Channel.PUSH: PushContent,
    Channel.CHAT: ChatContent,
    Channel.IN_APP: InAppContent,
    Channel.WEBHOOK: WebhookContent,
}
