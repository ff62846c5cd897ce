"""What all attempts of a process share. Handlers and channels both stand on it."""

from dataclasses import dataclass

from app.config import Settings
from workers.mailer import Mailer
from workers.outbound import Outbound


@dataclass(frozen=True, slots=True)
class Tools:
    """The settings, and the clients that keep connections."""

    settings: Settings
    outbound: Outbound
    mailer: Mailer
