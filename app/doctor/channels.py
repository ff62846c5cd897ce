"""What tells people: whether it is set, and whether the mail server answers."""

import socket
from collections.abc import Iterator

from app.config import Settings
from app.doctor.findings import Finding, fault, ok, reason, warning
from app.domain.channels import CHANNELS, not_ready
from app.models.vocabulary import Channel
from app.smtp_url import MailServer

SECONDS = 5.0


def check(settings: Settings) -> Iterator[Finding]:
    yield from _mail(settings)
    lacking = not_ready(settings)
    for channel in (Channel.SMS, Channel.PUSH, Channel.CHAT):
        label = CHANNELS[channel].label
        yield ok("channels", lacking.get(channel, f"{label} is set up."))
    given = (settings.sms_account, settings.sms_token, settings.sms_from)
    if any(given) and not all(given):
        yield fault(
            "channels",
            "SMS is half set up.",
            "set all of SMS_ACCOUNT, SMS_TOKEN and SMS_FROM, or none.",
        )


def _mail(settings: Settings) -> Iterator[Finding]:
    if not settings.smtp_url:
        yield warning("mail", "No mail server is set: email steps fail.", "set SMTP_URL.")
        return
    server = MailServer.parse(settings.smtp_url)
    where = f"{server.host}:{server.port}"
    try:
        said = _greeting(server)
    except OSError as error:
        cure = "start it, or mend SMTP_URL; a firewall may be in between."
        yield fault("mail", f"{where} does not answer: {reason(error)}.", cure)
        return
    if said and not said.startswith(b"220"):
        yield fault("mail", f"{where} answers, but not as a mail server.", "mend SMTP_URL.")
    else:
        yield ok("mail", f"{where} answers.")
    if "@localhost" in settings.mail_from:
        yield warning("mail", f"Mail comes from {settings.mail_from}.", "set MAIL_FROM.")


def _greeting(server: MailServer) -> bytes:
    """What it says first; under TLS from the first byte, that it takes a connection must do."""
    with socket.create_connection((server.host, server.port), timeout=SECONDS) as connection:
        return b"" if server.tls == "implicit" else connection.recv(3)
