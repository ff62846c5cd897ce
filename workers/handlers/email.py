"""AUTOMATION_EMAIL: hand a mail over to the mail server."""

from app import clock
from app.domain import emails, mail_answers
from app.domain.mail_message import NotAMail
from app.domain.outcomes import Outcome
from app.domain.paths import MissingPath
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
        )
    except MissingPath as missing:
        return Outcome(verdict="failed", error=f"{missing.path} is missing: no mail was made")
    except NotAMail as fault:
        return Outcome(verdict="failed", error=f"No mail was made: {fault}")
    taken_before = work.context.get(emails.TAKEN_FOR, [])
    left = [one for one in (*mail.recipients, *mail.unfit) if one not in taken_before]
    outcome = tools.mailer.send(
        mail.message, left, timeout=config["timeoutSeconds"], cancel=work.cancel
    )
    is_last = work.claim.attempt >= work.claim.allowed
    return mail_answers.in_total(outcome, taken_before, last=is_last)
