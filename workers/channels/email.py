"""EMAIL: by the mail server of email steps."""

from urllib.parse import urlsplit

from app import clock
from app.domain import notification_mails
from app.domain.mail_message import NotAMail, compose
from app.domain.outcomes import Outcome
from app.mailbox import Mailbox
from workers.channels.base import Message
from workers.outbound import CancelToken
from workers.tools import Tools


def send(message: Message, tools: Tools, cancel: CancelToken) -> Outcome:
    """Hand one mail over. Its Message-ID is the delivery's token, so that a mail that comes twice
    can be recognised."""
    settings = tools.settings
    text, html = notification_mails.bodies(message.content, message.link, message.about)
    try:
        to = Mailbox.parse(message.address)
        mail = compose(
            sender=Mailbox.parse(settings.mail_from),
            to=[to],
            subject=str(message.content["subject"]),
            text=text,
            html=html,
            message_id=f"{message.token}@{urlsplit(settings.base_url).hostname}",
            at=clock.now(),
        )
        return tools.mailer.send(mail, [to.address], timeout=message.timeout, cancel=cancel)
    except NotAMail as fault:
        return Outcome(verdict="failed", error=f"No mail was made: {fault}")
    except ValueError as fault:
        return Outcome(verdict="failed", error=str(fault))
