"""WAIT_CALLBACK: the timeout fell due before anybody called. How the step ends then is written
where a call's end is written too (`app/domain/waiting.py`); here is nothing to be done."""

from app.domain import calls
from app.domain.outcomes import Outcome
from workers.handlers.base import Tools, Work


def carry_out(work: Work, tools: Tools) -> Outcome:
    """Say what `onTimeout` says."""
    verdict = calls.on_timeout(work.claim.action_config)
    if verdict.error:
        return Outcome(verdict="failed", error=verdict.error)
    return Outcome(verdict="done", output=verdict.output or {})
