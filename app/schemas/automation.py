"""What all steps that the system does can be told: how long, how often, and when."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from app.schemas.base import Schema
from app.schemas.moments import Duration, Moment
from app.schemas.recurrence import Recurrence
from app.schemas.retry import Retry

IfPast = Annotated[
    Literal["run", "skip"],
    Field(
        title="If that time has passed",
        description="What becomes of it when runAt has passed: it runs at once, or is skipped.",
        json_schema_extra={
            "x-labels": {"run": "it runs at once", "skip": "it is skipped"},
            "x-tab": "schedule",
        },
    ),
]


class AutomationConfig(Schema):
    """What all steps that the system does can be told."""

    timeout_seconds: float = Field(
        20,
        gt=0,
        le=20,
        strict=True,
        title="Time limit",
        description="Limit of one attempt, seconds.",
        examples=[20],
        json_schema_extra={"x-order": 1},
    )
    retry: Retry = Field(
        default_factory=lambda: Retry.model_validate({}),
        title="Retry",
        description="How often, and when, a failed attempt is tried again.",
        json_schema_extra={"x-tab": "retry", "x-widget": "retry"},
    )
    run_at: Moment | None = Field(
        None,
        title="Run at",
        description="Not before this time; may be a placeholder.",
        json_schema_extra={"x-tab": "schedule"},
    )
    if_past: IfPast = "run"
    delay: Duration | None = Field(
        None,
        title="Delay",
        description="How long after it became ready.",
        json_schema_extra={"x-tab": "schedule"},
    )
    recurrence: Recurrence | None = Field(
        None,
        title="Recurrence",
        description="Carries it out again and again; `runAt` and `delay` come before.",
        json_schema_extra={"x-tab": "schedule", "x-widget": "recurrence"},
    )

    @model_validator(mode="after")
    def _one_time(self) -> "AutomationConfig":
        if self.run_at is not None and self.delay is not None:
            raise ValueError("Give either runAt or delay.")
        return self
