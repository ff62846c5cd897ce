"""A notification template as authors and programs write it (and read it back)."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from pydantic import Field, create_model

from app.models.vocabulary import Channel
from app.schemas.base import Schema
from app.schemas.notification import CONTENT
from app.schemas.template import Key


class _Contents(Schema):
    """What it says, by channel. A channel that is left out is one on which it says nothing."""

    def stored(self) -> dict[str, Any]:
        """As it is kept: only the channels on which it says something."""
        return {name: content for name, content in self.document().items() if content is not None}


if TYPE_CHECKING:
    NotificationContents = _Contents
else:
    # A channel that is added to CONTENT has its place here at once.
    NotificationContents = create_model(
        "NotificationContents",
        __base__=_Contents,
        __doc__=_Contents.__doc__,
        **{
            name.lower(): (CONTENT[name] | None, Field(None, alias=name, title=name))
            for name in Channel
        },
    )


class NotificationTemplateDraft(Schema):
    """The draft of a notification template: all strings of `content` are Liquid."""

    name: str = Field(min_length=1, max_length=200)
    description: str = Field("", max_length=10_000)
    content: NotificationContents = Field(default_factory=NotificationContents)


class NotificationTemplateIn(NotificationTemplateDraft):
    """A new notification template."""

    key: Key


class NotificationTemplatePut(NotificationTemplateDraft):
    """Replaces the draft."""

    key: Key | None = Field(None, description="If given, the one of the path: it can't change.")
    draft_revision: int | None = Field(
        None, description="The draft that was read; 412 if it is not the present one any more."
    )


class NotificationUse(Schema):
    """A place where a notification template is used: a policy of a step, or (without `stepKey`)
    of the instance as a whole. `version` is null in a draft."""

    template_id: int
    template_key: str
    template_name: str
    version: int | None
    step_key: str | None
    step_name: str | None
    channel: str
    trigger: str


class NotificationTemplateSummary(Schema):
    """A notification template in a list. Those that come with Runsheet are `builtIn`: their words
    can be changed, but they can't be archived."""

    key: str
    name: str
    description: str
    channels: list[str]
    draft_revision: int
    newest_version: int | None
    changed: bool = Field(description="Whether the draft differs from the newest version.")
    built_in: bool
    archived: bool
    updated_at: datetime
    updated_by: str


class NotificationTemplateOut(NotificationTemplateSummary):
    """A notification template with its draft, and where it is used."""

    content: dict[str, Any]
    used_by: list[NotificationUse]


class NotificationVersionOut(Schema):
    """What deliveries are rendered from. Never changes."""

    number: int
    content: dict[str, Any]
    note: str
    published_at: datetime
    published_by: str


class PreviewIn(Schema):
    """What is to be shown: the draft (or `content`) of one channel, with made-up values or those of
    an instance."""

    channel: Channel
    content: dict[str, Any] | None = Field(None, description="Instead of the draft's.")
    trigger: str | None = Field(None, max_length=40, description="The occasion; default: its own.")
    instance_id: int | None = Field(None, ge=1, le=10**18 - 1)
    step_key: str | None = Field(None, max_length=100)


class PreviewOut(Schema):
    """How it would be sent. `segments`: how many an SMS would take."""

    channel: Channel
    content: dict[str, Any]
    segments: int | None = None
