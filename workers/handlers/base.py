"""What handlers get: plain values and tools, no session."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from app.domain.claims import Claim
from app.domain.secret_values import SecretValue
from workers.outbound import CancelToken
from workers.tools import Tools

__all__ = ["Tools", "Work"]


@dataclass(frozen=True, slots=True)
class Work:
    """One attempt to make. `context` is what placeholders read, empty if there are none; `secrets`
    those that the batch it was claimed with names, by name."""

    claim: Claim
    context: dict[str, Any]
    cancel: CancelToken
    secrets: Mapping[str, SecretValue] = field(default_factory=dict[str, SecretValue])
