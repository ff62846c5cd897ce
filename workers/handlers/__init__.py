"""Who carries out what: one small module per action type that the system does."""

from collections.abc import Callable, Mapping

from app.domain import callback_urls
from app.domain.outcomes import Outcome
from app.models.vocabulary import JobKind
from workers.handlers import callback, delivery, email, notice, timer, webhook
from workers.handlers.base import Tools, Work

Handler = Callable[[Work, Tools], Outcome]

HANDLERS: Mapping[str, Handler] = {
    "AUTOMATION_WEBHOOK": webhook.carry_out,
    "AUTOMATION_EMAIL": email.carry_out,
    "WAIT_TIMER": timer.carry_out,
    "WAIT_CALLBACK": callback.carry_out,
}


def carry_out(work: Work, tools: Tools) -> Outcome:
    """Make one attempt: with the handler of its action type, or of what the notifier does."""
    if work.claim.kind == JobKind.NOTICE:
        return notice.carry_out(work, tools)
    if work.claim.kind == JobKind.DELIVERY:
        return delivery.carry_out(work, tools)
    outcome = HANDLERS[work.claim.action_type](work, tools)
    return callback_urls.taken_out(outcome, work.context)
