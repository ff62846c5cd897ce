"""A line in the log for each attempt and try that ended, once its end is in the database."""

import logging
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from app import logs, transaction
from app.domain.claims import Claim
from app.domain.ledger import Ledger
from app.domain.outcomes import Outcome, Span
from app.models.vocabulary import AttemptOutcome

LONGEST = 300  # characters of an error
log = logging.getLogger("app.attempts")


def ended(
    ledger: Ledger,
    claim: Claim,
    span: Span,
    outcome: Outcome,
    word: str,
    *,
    step: str | None = None,
) -> None:
    """It ended so. `step`: the key of the step it is an attempt of."""
    level = logging.INFO if word == AttemptOutcome.SUCCEEDED else logging.WARNING
    if not log.isEnabledFor(level):
        return
    said: dict[str, Any] = claim.ids | {
        "step": step,
        "kind": claim.action_type,
        "outcome": str(word),
        "status": outcome.status_code,
        "durationMs": round(span.seconds * 1000),
        "host": claim.destination,
        "error": outcome.error[:LONGEST] if outcome.error else None,
    }
    transaction.once_committed(
        ledger.session, lambda: log.log(level, "attempt ended", extra=logs.facts(**said))
    )


@contextmanager
def unsaid() -> Generator[None]:
    """No lines in this block: what ends in it is made up."""
    before, log.disabled = log.disabled, True
    try:
        yield
    finally:
        log.disabled = before
