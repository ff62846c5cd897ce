"""Entries of the audit as they are read."""

from datetime import datetime
from typing import Any

from pydantic import Field

from app.schemas.base import Schema


class AuditOut(Schema):
    """Who did what to what, when and why."""

    id: int
    at: datetime
    actor: str = Field(examples=["user:operator@example.com", "api:shop"])
    action: str = Field(examples=["secret.rotated"])
    subject: str = Field(description="The kind of thing.", examples=["secret"])
    subject_id: str = Field(examples=["STOCK_KEY"])
    reason: str | None
    before: Any = Field(description="What of it was otherwise before; null where nothing was.")
    after: Any
