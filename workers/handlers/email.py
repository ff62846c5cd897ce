"""AUTOMATION_EMAIL: send a mail by SMTP."""

from app.domain import emails
from app.domain.emails import NotAMail
from app.domain.outcomes import Outcome
from app.domain.paths import MissingPath
from workers import mailer
from workers.handlers.base import Tools, Work


def carry_out(work: Work, tools: Tools) -> Outcome:
    """Hand one mail over to the mail server."""
    settings = tools.settings
    try:
        mail = emails.build(
            work.claim.action_config,
            work.context,
            work.claim.execution_token or "",
            settings.mail_from,
            settings.base_url,
        )
    except MissingPath as missing:
        return Outcome(verdict="failed", error=f"{missing.path} is missing: no mail was made")
    except NotAMail as fault:
        return Outcome(verdict="failed", error=f"No mail was made: {fault}")
    return mailer.send(mail, settings.smtp_url)
