"""Email steps, carried out against a real SMTP server as a worker would."""

from dataclasses import replace
from typing import Any

from app import transaction
from app.config import Settings
from app.domain.contexts import read_contexts
from app.domain.outcomes import Outcome
from tests.support.mail_server import MailServer
from tests.support.workflows import claim, make_step, report_begun, report_ended
from workers.handlers import Tools, Work, carry_out
from workers.mailer import Mailer
from workers.outbound import CancelToken, Outbound

MAIL = {"to": ["ann@example.com"], "subject": "Order", "text": "Hello."}


def email(key: str, *depends_on: str, **config: Any) -> dict[str, Any]:
    """An email step."""
    return make_step(key, "AUTOMATION_EMAIL", depends_on, MAIL | config, {})


def carry_out_mail(
    settings: Settings, server: MailServer, cancel: CancelToken | None = None, **more: Any
) -> Outcome:
    """Claim the one mail that is due, send it, and write down what came of it. `cancel`: what a
    worker that stops ends it with; `more`: settings."""
    settings = replace(settings, smtp_url=server.url(), **more)
    (held,) = claim()
    report_begun(held)
    with transaction.reading() as session:
        context = read_contexts(session.connection(), [held]).get(held.id, {})
    tools = Tools(settings, Outbound(), Mailer(settings.smtp_url))
    outcome = carry_out(Work(held, context, cancel or CancelToken()), tools)
    tools.mailer.close()
    tools.outbound.close()
    report_ended(outcome, held)
    return outcome
