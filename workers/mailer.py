"""Sends mail by SMTP: the one way for mail out of Runsheet, for steps and for notifications.

The `mail_*` modules beside it are its private parts. Never sends twice: only a kept connection
that turns out dead before the text has left is replaced.
"""

import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from functools import cached_property
from time import monotonic

from app.domain import mail_answers, mail_message
from app.domain.mail_answers import Delivery
from app.domain.outcomes import Outcome
from app.smtp_url import MailServer
from workers.mail_dial import dial, tls_context
from workers.mail_pool import Pool, part
from workers.mail_wire import Conversation, Lost, NotOffered, Refused
from workers.outbound_attempt import Attempt, CancelToken, SendFailed, Watchdog
from workers.outbound_dns import Names


@dataclass(frozen=True, slots=True)
class _Letter:
    sender: str
    recipients: Sequence[str]
    text: bytes


class Mailer:
    """The mail client of all threads of one process, made after any fork."""

    def __init__(self, smtp_url: str) -> None:
        """`smtp_url` as in the settings; empty: every mail fails and says so."""
        self._server = MailServer.parse(smtp_url) if smtp_url else None
        self._names = Names(None)
        self._pool = Pool()
        self._watchdog = Watchdog(self._pool.prune)
        self._closed = False

    def send(
        self,
        mail: EmailMessage,
        recipients: Sequence[str],
        *,
        timeout: float = 20.0,
        cancel: CancelToken | None = None,
    ) -> Outcome:
        """Hand a mail (from `mail_message.compose`) over for these addresses (each a
        `Mailbox.address`), whatever its headers say, within `timeout` seconds.

        `done`: it was taken for at least one; `output["refused"]` names those it never will be
        for. `retry` with `response["accepted"]`: those have it, and only the others may get it
        again. `returned`: `cancel` or `close` ended it.
        """
        logged = mail_answers.logged_mail(mail, recipients)
        if self._server is None:
            return Outcome(verdict="failed", error=mail_answers.NO_SERVER, request=logged)
        letter = _Letter(mail_message.sender_of(mail), recipients, mail_message.wire_bytes(mail))
        attempt = Attempt(monotonic() + timeout)
        if cancel is not None:
            cancel.attach(attempt)
        self._watchdog.watch(attempt)
        try:
            delivery = Delivery()
            if recipients:
                delivery = self._hand_over(self._server, letter, attempt)
            return mail_answers.taken(delivery, logged)
        except Refused as no:
            return mail_answers.refused(no.stage, no.reply, logged)
        except NotOffered as lack:
            return Outcome(verdict="failed", error=f"The mail server {lack}.", request=logged)
        except Lost as end:
            kind = attempt.ended_by or end.kind
            return mail_answers.lost(kind, end.stage, end.detail, logged, sent=attempt.sent)
        finally:
            self._watchdog.forget(attempt)

    def close(self) -> None:
        """Cancel what is under way and close every connection; later mails are returned."""
        self._closed = True
        self._watchdog.end_all("cancelled")
        self._pool.close()

    @cached_property
    def _context(self) -> ssl.SSLContext:
        assert self._server is not None
        return tls_context(self._server)

    def _hand_over(self, server: MailServer, letter: _Letter, attempt: Attempt) -> Delivery:
        while True:
            talk = self._open(server, attempt)
            try:
                delivery = talk.deliver(letter.sender, letter.recipients, letter.text, attempt)
            except Refused as no:
                if _was_spent(talk, no, attempt):
                    attempt.drop(talk.sock)
                    continue
                self._keep(talk, attempt, whole=no.reply.code != 421)
                raise
            except OSError as error:
                attempt.drop(talk.sock)
                if talk.reused and not attempt.sent and not attempt.ended_by:
                    continue
                raise Lost.because(error, talk.stage) from None
            self._keep(talk, attempt)
            return delivery

    def _open(self, server: MailServer, attempt: Attempt) -> Conversation:
        """A kept connection that still answers, or a new one."""
        try:
            while (talk := self._pool.take()) is not None:
                attempt.hold(talk.sock)
                if talk.is_usable():
                    return talk
                attempt.drop(talk.sock)
            attempt.check()
        except SendFailed as ended:
            raise Lost(ended.kind, "connect") from None
        if self._closed:
            raise Lost("cancelled", "connect")
        return dial(server, self._names, self._context, attempt)

    def _keep(self, talk: Conversation, attempt: Attempt, *, whole: bool = True) -> None:
        """Let the next mail have the connection, unless it ends or was ended."""
        if attempt.finish() and whole:
            self._pool.give(talk)
        else:
            part(talk)


def _was_spent(talk: Conversation, no: Refused, attempt: Attempt) -> bool:
    """Whether the server had enough of a kept connection, rather than of this mail."""
    return talk.reused and no.reply.code == 421 and not attempt.sent
