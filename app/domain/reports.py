"""What a worker says of a claim, and what a result means for its next attempt: the same for steps
and for deliveries."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Event

from app import bells
from app.domain.claims import Claim
from app.domain.ledger import Ledger
from app.domain.outcomes import Outcome, Span
from app.domain.retries import wait_before_next
from app.models.vocabulary import AttemptOutcome
from app.schemas.retry import Retry


@dataclass(frozen=True, slots=True)
class Report:
    """A worker's word on a claim: it began (no outcome yet), or it ended with this outcome."""

    claim: Claim
    span: Span
    worker: str
    outcome: Outcome | None = None
    # Set once this is in the database (or never will be), for whoever waits for that.
    written: Event | None = None


def is_tried_again(claim: Claim, outcome: Outcome) -> bool:
    """Whether there will be another attempt after this one."""
    if outcome.verdict == "retry":
        return claim.attempt < claim.allowed
    return outcome.verdict == "returned"


def word_of(outcome: Outcome, again: bool) -> AttemptOutcome:
    """What the log calls it; `again`: there will be another attempt."""
    if outcome.verdict == "done":
        return AttemptOutcome.SUCCEEDED
    if outcome.unknown:
        return AttemptOutcome.UNKNOWN
    return AttemptOutcome.RETRY if again else AttemptOutcome.FAILED


def postpone(
    ledger: Ledger,
    claim: Claim,
    outcome: Outcome,
    spread: Callable[[], float] = random.random,
) -> datetime:
    """Have it tried again, when its schedule says; returns when that is. `spread`: see
    `retries.wait_before_next`."""
    returned = outcome.verdict == "returned"
    wait = 0.0 if returned else _wait(claim, outcome, spread)
    run_at = ledger.now + timedelta(seconds=wait)
    ledger.postponed.append(
        {
            "b_id": claim.id,
            "run_at": run_at,
            "queued_at": run_at,
            "attempt": claim.attempt + 1,
            "allowed": claim.allowed + returned,
            "losses": 0,
            "losses_alone": 0,
        }
    )
    bells.ask(ledger.session.info, claim.queue, run_at)
    return run_at


def _wait(claim: Claim, outcome: Outcome, spread: Callable[[], float]) -> float:
    retry = Retry.model_validate(claim.action_config.get("retry") or {})
    # A retry by an operator starts the schedule anew, while attempt numbers go on.
    tries_of_this_budget = claim.attempt - (claim.allowed - retry.allowed)
    return wait_before_next(retry, max(tries_of_this_budget, 1), outcome.retry_after, spread)
