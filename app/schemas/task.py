"""A step that waits for people, as it crosses the boundary."""

from datetime import datetime

from pydantic import Field

from app.schemas.base import Schema


class TaskOut(Schema):
    """A step that waits for somebody, with the instance it belongs to."""

    id: int = Field(description="The step's.")
    instance_id: int
    instance_title: str
    template_key: str
    template_name: str
    key: str = Field(description="The step's, in the URLs of what is done with it.")
    name: str
    action_type: str
    state: str = Field(description="READY or STARTED")
    action_state: str
    assignee: str | None
    due_at: datetime | None
    overdue: bool
    ready_at: datetime | None = Field(description="Since when it waits.")
