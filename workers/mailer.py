"""Sends mail by SMTP. One connection per mail for now; reuse comes with the mail channel."""

import smtplib
import ssl
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

from app.domain.outcomes import Outcome

TIMEOUT = 15.0  # seconds per exchange with the server


def send(mail: EmailMessage, smtp_url: str) -> Outcome:
    """Hand a mail over. 4xx answers are tried again, 5xx are final; when the connection ends
    after the text was sent, nobody knows whether the server took it."""
    if not smtp_url:
        return Outcome(verdict="failed", error="No mail server is set up (SMTP_URL).")
    shown = {
        "from": str(mail["From"]),
        "to": str(mail["To"]),
        "subject": str(mail["Subject"]),
        "messageId": str(mail["Message-ID"]),
    }
    sent = False
    try:
        with _connect(smtp_url) as server:
            sent = True
            refused = server.send_message(mail)
    except smtplib.SMTPRecipientsRefused as error:
        return _refused(next(iter(error.recipients.values())), shown)
    except smtplib.SMTPResponseException as error:
        return _refused((error.smtp_code, error.smtp_error), shown)
    except (OSError, smtplib.SMTPException) as error:
        words = f"The mail server could not be reached: {error}"
        return Outcome(verdict="retry", error=words, unknown=sent, request=shown)
    output = {"messageId": shown["messageId"], "refused": sorted(refused)}
    return Outcome(verdict="done", output=output, request=shown)


def _connect(smtp_url: str) -> smtplib.SMTP:
    url = urlsplit(smtp_url)
    host, port = url.hostname or "localhost", url.port
    if url.scheme == "smtps":
        context = ssl.create_default_context()
        server: smtplib.SMTP = smtplib.SMTP_SSL(
            host, port or 465, None, timeout=TIMEOUT, context=context
        )
    else:
        server = smtplib.SMTP(host, port or 25, timeout=TIMEOUT)
        server.ehlo()
        if server.has_extn("starttls"):
            server.starttls(context=ssl.create_default_context())
    if url.username:
        server.login(unquote(url.username), unquote(url.password or ""))
    return server


def _refused(answer: tuple[int, bytes | str], shown: dict[str, str]) -> Outcome:
    code, words = answer
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else str(words)
    verdict = "retry" if 400 <= code < 500 else "failed"
    error = f"The mail server said {code}: {text[:300]}"
    return Outcome(verdict=verdict, error=error, status_code=code, request=shown)
