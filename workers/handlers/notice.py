"""A notice: nothing is sent. Its deliveries are written together with its end
(`domain/fanout.py`), which learns here what this process knows: which channels are not set up."""

from app.config import Settings
from app.domain.channels import CHANNELS
from app.domain.outcomes import Outcome
from workers.handlers.base import Tools, Work


def carry_out(work: Work, tools: Tools) -> Outcome:
    """Done."""
    return Outcome(verdict="done", output=not_ready(tools.settings))


def not_ready(settings: Settings) -> dict[str, str]:
    """The channels that can't be used, each with what is missing."""
    found = {str(name): facts.not_ready(settings) for name, facts in CHANNELS.items()}
    return {name: reason for name, reason in found.items() if reason is not None}
