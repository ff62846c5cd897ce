"""What errors and lists look like, whatever they are about."""

from typing import Any

from pydantic import BaseModel, ConfigDict

from app.schemas.base import Schema


class Fault(Schema):
    """One fault at one place."""

    path: str
    message: str


class Problem(BaseModel):
    """An error (RFC 9457). `requestId`: what its lines in the log carry. Some have
    more: `allowedActions`, `state`, `draftRevision`."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    detail: str
    errors: list[Fault]
    requestId: str | None = None  # noqa: N815 - as it is written


class PageOut(Schema):
    """A page of a list."""

    model_config = ConfigDict(extra="ignore")

    items: list[Any]
    next_cursor: str | None
