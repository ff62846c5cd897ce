"""What handlers get: plain values and tools, no session."""

from dataclasses import dataclass
from typing import Any

from app.domain.claims import Claim
from workers.outbound import CancelToken
from workers.tools import Tools

__all__ = ["Tools", "Work"]


@dataclass(frozen=True, slots=True)
class Work:
    """One attempt to make. `context` is what placeholders read, empty if there are none."""

    claim: Claim
    context: dict[str, Any]
    cancel: CancelToken
