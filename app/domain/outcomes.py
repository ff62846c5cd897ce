"""What carrying out a job came to. Expected failures are values; exceptions are bugs."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """`done`: it is finished. `retry`: trying again may help. `failed`: it can't. `returned`: the
    worker was stopped; another goes on at once, and it counts as nothing.

    unknown     nobody can say whether the receiver acted (the connection ended after bytes went)
    retry_after what the receiver asked for, in seconds
    request, response: as they go into the log, secrets already taken out
    provider_id what a provider calls the message: it may tell later what became of it
    """

    verdict: Literal["done", "retry", "failed", "returned"]
    output: dict[str, Any] = field(default_factory=dict[str, Any])
    error: str | None = None
    unknown: bool = False
    retry_after: float | None = None
    status_code: int | None = None
    request: dict[str, Any] | None = None
    response: dict[str, Any] | None = None
    provider_id: str | None = None


@dataclass(frozen=True, slots=True)
class Span:
    """When an attempt ran (database time) and how long (seconds, monotonic)."""

    started_at: datetime
    ended_at: datetime | None = None
    seconds: float = 0.0
