"""What handlers get: plain values and tools, no session."""

from dataclasses import dataclass
from typing import Any

from app.config import Settings
from app.domain.claims import Claim
from workers.mailer import Mailer
from workers.outbound import CancelToken, Outbound


@dataclass(frozen=True, slots=True)
class Work:
    """One attempt to make. `context` is what placeholders read, empty if there are none."""

    claim: Claim
    context: dict[str, Any]
    cancel: CancelToken


@dataclass(frozen=True, slots=True)
class Tools:
    """What all attempts of a process share."""

    settings: Settings
    outbound: Outbound
    mailer: Mailer
