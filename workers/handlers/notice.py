"""A notice: nothing is sent. Its deliveries are written together with its end
(`domain/fanout.py`), which learns here what this process knows: which channels are not set up."""

from app.domain.channels import not_ready
from app.domain.outcomes import Outcome
from workers.handlers.base import Tools, Work


def carry_out(work: Work, tools: Tools) -> Outcome:
    """Done."""
    return Outcome(verdict="done", output=not_ready(tools.settings))
