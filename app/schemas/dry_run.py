"""A dry run as it is asked for, and what it found: what an instance would do, with nothing sent."""

from datetime import datetime
from typing import Any, Literal, get_args

from pydantic import Field, model_validator

from app.schemas.base import Schema
from app.schemas.instance import MAX_VERSION, EventOut
from app.schemas.moments import Duration, Instant
from app.schemas.problem import Fault

Happens = Literal["success", "failure", "exhausted", "rejected", "timeout", "skipped", "open"]
HAPPENINGS: tuple[str, ...] = get_args(Happens)


class DryRunIn(Schema):
    """With what a template is walked through. Nothing is required; what is not given is made up."""

    input: dict[str, Any] | None = Field(
        None, description="Of the instance. Default: made up from the input schema."
    )
    instance_id: int | None = Field(
        None, ge=1, strict=True, description="Take the input of this instance instead."
    )
    version: int | None = Field(
        None, ge=1, le=MAX_VERSION, strict=True, description="Default: the draft."
    )
    title: str = Field("", max_length=500)
    start_at: Instant | None = Field(None, description="Default: now.")
    outcomes: dict[str, Happens] = Field(
        default_factory=dict,
        description="What happens to steps, by key. Default: success. `exhausted`: every try "
        "fails until none is left; `timeout`: nobody calls; `open`: nobody does it.",
        examples=[{"charge": "failure", "approve": "rejected"}],
    )
    outputs: dict[str, dict[str, Any]] = Field(
        default_factory=dict,
        description="What steps give, by key. Default: made up from their forms, expectations and "
        "output maps, and from what later steps read.",
        examples=[{"reserve": {"reference": "R-77"}}],
    )
    takes: dict[str, Duration] = Field(
        default_factory=dict,
        description="How long steps take once they can begin, by key. Default: no time.",
        examples=[{"approve": "PT3H"}],
    )

    @model_validator(mode="after")
    def _one_input(self) -> "DryRunIn":
        if self.input is not None and self.instance_id is not None:
            raise ValueError("Give either input or instanceId.")
        return self


class DryTellingOut(Schema):
    """One notification to one recipient, or why nobody is told."""

    at: datetime
    offset_seconds: float
    trigger: str
    round: int = Field(description="Of reminders and escalations, from 1; else 0.")
    channel: str
    template: str
    recipient: str
    address: str | None
    state: str = Field(description="SENT, SKIPPED, or FAILED: it can't be rendered.")
    reason: str | None
    fallback: bool = Field(description="Whether it takes the place of one that could not be sent.")
    content: dict[str, Any] | None = Field(description="As it would be sent.")


class DryAttemptOut(Schema):
    """One attempt of a step."""

    at: datetime
    offset_seconds: float
    attempt: int
    occurrence: int
    request: dict[str, Any] | None
    outcome: str = Field(description="succeeded, retry or failed")
    error: str | None
    response: dict[str, Any] | None = Field(description="Made up, unless the output was given.")
    next_attempt_at: datetime | None


class DryStepOut(Schema):
    """What would become of one step."""

    key: str
    name: str
    action_type: str
    depends_on: list[str]
    state: str
    action_state: str
    reason: str | None = Field(description="Why it is skipped, or what it still waits for.")
    error: str | None
    assignee: str | None
    at: datetime | None = Field(description="When it becomes ready, or is skipped.")
    offset_seconds: float | None = Field(description="The same, from the start.")
    started_at: datetime | None
    completed_at: datetime | None
    due_at: datetime | None
    output: Any
    made_up: bool = Field(description="Whether the output was made up.")
    callback_url: str | None = Field(description="What stands for the URL that it waits on.")
    request: dict[str, Any] | None = Field(
        description="The request of its first attempt; secrets stand as their names."
    )
    message: dict[str, Any] | None = Field(description="The mail of its first attempt.")
    attempts: list[DryAttemptOut]
    retry: str | None = Field(description="When a failed attempt is tried again, in words.")
    notes: list[str]
    notifications: list[DryTellingOut]


class DryRunOut(Schema):
    """What an instance would do."""

    template_id: int
    version: int | None = Field(description="null: the draft")
    name: str
    title: str
    state: str = Field(description="How the instance stands when nothing more happens by itself.")
    start_at: datetime
    end_at: datetime | None = Field(description="When it is completed; null if it is not.")
    duration_seconds: float | None
    input: dict[str, Any]
    input_made_up: bool
    problems: list[Fault] = Field(
        description="What keeps it from being published, and what could not be walked."
    )
    path: list[str] = Field(
        description="The steps that are taken up, in the order in which they become ready."
    )
    steps: list[DryStepOut]
    notifications: list[DryTellingOut] = Field(description="Of the instance as a whole.")
    events: list[EventOut]
