"""How often, and when, a failed attempt is tried again."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from app.schemas.base import Schema

# Standard Webhooks 1.0, "Deliverability and reliability": ten tries over about 75 hours. The
# first is at once; these are the waits before the other nine, in seconds.
STANDARD_WAITS = (5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400)
MAX_WAIT = 7 * 86400

Seconds = Annotated[float, Field(ge=0, le=MAX_WAIT, strict=True, title="Seconds", examples=[60])]


class Retry(Schema):
    """`schedule` is `standard`, `exponential`, or a list of waits in seconds."""

    max_attempts: int | None = Field(
        None,
        ge=1,
        le=100,
        strict=True,
        title="Tries",
        description="Tries in all, the first included. Default: 10; for a list, one more than "
        "it has waits.",
        examples=[10],
    )
    schedule: (
        Literal["standard", "exponential"]
        | Annotated[list[Seconds], Field(max_length=99, title="waits of your own, in seconds")]
    ) = Field(
        "standard",
        title="Waits",
        description="`standard` (ten tries over 75 h), `exponential`, or waits in seconds.",
        examples=[[5, 60, 600]],
        json_schema_extra={
            "x-labels": {
                "standard": "standard: ten tries over 75 hours",
                "exponential": "exponential: each twice as long as the one before",
            }
        },
    )
    base_seconds: float = Field(
        30,
        gt=0,
        le=86400,
        strict=True,
        title="First wait",
        description="First wait, if exponential.",
        examples=[30],
        json_schema_extra={"x-for": {"schedule": ["exponential"]}},
    )
    max_seconds: float = Field(
        3600,
        gt=0,
        le=MAX_WAIT,
        strict=True,
        title="Longest wait",
        description="Longest, if exponential.",
        examples=[3600],
        json_schema_extra={"x-for": {"schedule": ["exponential"]}},
    )

    @model_validator(mode="after")
    def _complete(self) -> "Retry":
        if self.max_attempts is None:
            waits = self.schedule
            self.max_attempts = len(waits) + 1 if isinstance(waits, list) else 10
        if isinstance(self.schedule, list) and not self.schedule and self.max_attempts > 1:
            raise ValueError("An empty list of waits goes with maxAttempts 1.")
        return self

    @property
    def allowed(self) -> int:
        """How many attempts it allows in all."""
        return self.max_attempts or 10
