"""EMAIL: by the mail server of email steps."""

import re
from email.message import EmailMessage
from email.utils import format_datetime
from urllib.parse import urlsplit

from app import clock
from app.domain import notification_mails
from app.domain.outcomes import Outcome
from workers import mailer
from workers.channels.base import Message
from workers.handlers.base import Tools
from workers.outbound import CancelToken

_BREAKS = re.compile(r"[\r\n\x00-\x1f]+")


def send(message: Message, tools: Tools, cancel: CancelToken) -> Outcome:
    """Hand one mail over. Its Message-ID is the delivery's token, so that a mail that comes twice
    can be recognised."""
    if cancel.cancelled:
        return Outcome(verdict="returned", error="The attempt was stopped.")
    settings = tools.settings
    text, html = notification_mails.bodies(message.content, message.link, message.about)
    mail = EmailMessage()
    mail["From"] = settings.mail_from
    mail["To"] = message.address
    mail["Subject"] = _BREAKS.sub(" ", str(message.content["subject"])).strip()
    mail["Date"] = format_datetime(clock.now())
    mail["Message-ID"] = f"<{message.token}@{urlsplit(settings.base_url).hostname}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(text)
    mail.add_alternative(html, subtype="html")
    return mailer.send(mail, settings.smtp_url)
