"""AUTOMATION_EMAIL: hand a mail over to the mail server."""

from app import clock
from app.config import Settings
from app.domain import emails, mail_answers
from app.domain.mail_message import NotAMail
from app.domain.outcomes import Outcome
from app.domain.paths import MissingPath
from app.mailbox import mail_domains
from workers.handlers.base import Tools, Work


def carry_out(work: Work, tools: Tools) -> Outcome:
    """Send once; say what came of it."""
    config, settings = work.claim.action_config, tools.settings
    try:
        mail = emails.build(
            config,
            work.context,
            token=work.claim.execution_token or "",
            sender=settings.mail_from,
            base_url=settings.base_url,
            at=clock.now(),
            inside=_limit(work, settings),
        )
    except (MissingPath, NotAMail) as fault:
        return Outcome(verdict="failed", error=emails.not_made(fault))
    if not mail.recipients:
        return mail_answers.nobody_left(mail.refused)
    taken_before = work.context.get(emails.TAKEN_FOR, [])
    left = [address for address in mail.recipients if address not in taken_before]
    outcome = tools.mailer.send(
        mail.message, left, timeout=config["timeoutSeconds"], cancel=work.cancel
    )
    is_last = work.claim.attempt >= work.claim.allowed
    return mail_answers.in_total(outcome, taken_before, mail.refused, last=is_last)


def _limit(work: Work, settings: Settings) -> frozenset[str]:
    """The domains it may go to (empty: all): the organisation's, unless it goes to whom the author
    of its template named."""
    if work.context.get(emails.AS_PUBLISHED):
        return frozenset()
    return mail_domains(settings.org_domains)
