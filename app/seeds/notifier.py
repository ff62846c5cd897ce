"""Plays the notifier: what a story owes people is told as it happens, so that nothing old is sent
when the real one starts."""

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy.orm import Session

from app import clock
from app.config import Settings
from app.domain import attempts, notification_contents
from app.domain.channels import not_ready
from app.domain.claims import Claim
from app.domain.liquid import NotRenderable
from app.domain.messages import read_messages
from app.domain.outcomes import Outcome, Span
from app.domain.reports import Report
from app.models.vocabulary import NOTIFICATION_QUEUE, Channel, JobKind

NOTIFIER = "demo-notifier-1"
TOOK = 0.21  # seconds


def tell_all(session: Session, settings: Settings, claim: Callable[[str], Sequence[Claim]]) -> None:
    """Carry out the notices and deliveries that are due, until there are none."""
    while held := claim(NOTIFICATION_QUEUE):
        told = read_messages(session, held, settings.base_url)
        began = Span(clock.now())
        attempts.settle(session, [Report(one, began, NOTIFIER) for one in held])
        span = Span(began.started_at, clock.now(), TOOK)
        reports = [
            Report(one, span, NOTIFIER, _outcome(one, told.get(one.id, {}), settings))
            for one in held
        ]
        attempts.settle(session, reports)


def _outcome(claim: Claim, told: dict[str, Any], settings: Settings) -> Outcome:
    if claim.kind == JobKind.NOTICE:
        # A mail server was there in these stories, whatever there is now.
        missing = not_ready(settings)
        missing.pop(Channel.EMAIL, None)
        return Outcome(verdict="done", output=missing)
    try:
        content = notification_contents.render(told["content"], told["channel"], told["context"])
    except NotRenderable as fault:
        return Outcome(verdict="failed", error=f"Its template can't be rendered: {fault}.")
    return Outcome(verdict="done", request=content, output=content | {"href": told["link"]})
