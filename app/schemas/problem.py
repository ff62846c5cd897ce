"""What errors and lists look like, whatever they are about."""

from typing import Any

from pydantic import BaseModel, ConfigDict

from app.schemas.base import Schema


class Fault(Schema):
    """One fault at one place."""

    path: str
    message: str


class Problem(BaseModel):
    """An error (RFC 9457). Some carry more: `allowedActions`, `state`, `draftRevision`."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    detail: str
    errors: list[Fault]


class PageOut(Schema):
    """A page of a list."""

    model_config = ConfigDict(extra="ignore")

    items: list[Any]
    next_cursor: str | None
