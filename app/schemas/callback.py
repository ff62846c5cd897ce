"""What a call to a callback URL may say, and what it is answered."""

from datetime import datetime
from typing import Any, Literal

from pydantic import ConfigDict, Field

from app.schemas.base import Schema


class CallIn(Schema):
    """How it went. An object with any other member is the output itself, as a whole."""

    outcome: Literal["completed", "failed"] | None = Field(
        None, description="Default: `completed`; with an `error`, `failed`."
    )
    output: dict[str, Any] | None = None
    error: str | None = Field(None, max_length=2000, description="Why it failed.")
    reason: str | None = Field(None, max_length=2000, description="It stands on the timeline.")


class AnyCallIn(CallIn):
    """As the API describes it: other members are welcome."""

    model_config = ConfigDict(extra="allow", title="CallIn")


class CallOut(Schema):
    """What the call has done."""

    state: str = Field(description="The step's state now: COMPLETED or FAILED; PENDING: kept.")
    at: datetime
