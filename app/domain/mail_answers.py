"""What a mail server's answers mean, and how an attempt to send a mail is logged. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from email.header import decode_header, make_header
from email.message import EmailMessage
from typing import Any

from app.domain.outcomes import Outcome

NO_SERVER = "No mail server is set up (SMTP_URL)."
KEPT = 16 * 1024  # characters of a body in the log
_SHOWN = 300
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f]+")
_NO_ADDRESS = "This is no mail address."

# Every way a conversation can fail to come about, or to end, with the sentence for operators.
_LOST = {
    "dns_lookup_failed": "The mail server's name could not be looked up.",
    "connection_refused": "The mail server refused the connection.",
    "connection_timeout": "The mail server did not accept a connection in time.",
    "host_unreachable": "There is no way to the mail server's network.",
    "tls_failed": "No secure connection to the mail server could be made",
    "timeout": "The mail server did not answer in time",
    "connection_lost": "The connection to the mail server was lost",
    "bad_response": "What answered is no mail server: it does not speak SMTP",
    "cancelled": "The attempt was stopped before the mail server had taken the mail.",
}
_PERHAPS = (
    "after the whole mail was sent, before the mail server said that it took it. It may have been "
    "delivered; another try carries the same Message-ID"
)
# What a code at a stage usually means for who runs Runsheet.
_CURES = {
    "AUTH": " Check the user and password in SMTP_URL.",
    "MAIL": " Check whether it may send for MAIL_FROM.",
}


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer of the mail server."""

    code: int
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        """Its words, on one line, made harmless."""
        return _UNPRINTABLE.sub(" ", " ".join(self.lines)).strip()[:_SHOWN]

    @property
    def temporary(self) -> bool:
        """Whether another try may help."""
        return self.code < 500

    def __str__(self) -> str:
        return f"{self.code} {self.text}".strip()


@dataclass(slots=True)
class Delivery:
    """Whom the server took a mail for, and what it said to the others and at the end."""

    accepted: list[str] = field(default_factory=list[str])
    refused: list[tuple[str, Reply]] = field(default_factory=list[tuple[str, Reply]])
    answer: Reply | None = None


def logged_mail(mail: EmailMessage, recipients: Sequence[str]) -> dict[str, Any]:
    """A mail as it goes into the log."""
    logged: dict[str, Any] = {
        name[0].lower() + name[1:].replace("-", ""): _readable(str(mail[name]))
        for name in ("From", "To", "Cc", "Reply-To", "Subject")
        if mail[name]
    }
    logged |= {"messageId": str(mail["Message-ID"]), "recipients": [*recipients]}
    for kind, name in (("plain", "text"), ("html", "html")):
        if (part := mail.get_body((kind,))) is not None:
            logged[name] = str(part.get_content())[:KEPT]
    return logged


def _readable(header: str) -> str:
    return str(make_header(decode_header(header)))


def taken(delivery: Delivery, unfit: Sequence[str], logged: dict[str, Any]) -> Outcome:
    """The conversation came to its end: whom the mail was taken for, and whom not."""
    refused = [
        {"address": address, "code": reply.code, "message": reply.text}
        for address, reply in delivery.refused
    ] + [{"address": address, "code": None, "message": _NO_ADDRESS} for address in unfit]
    answer = str(delivery.answer) if delivery.answer else None
    response = {"answer": answer, "accepted": delivery.accepted, "refused": refused}
    later = [address for address, reply in delivery.refused if reply.temporary]
    if delivery.accepted and not later:
        output = {"messageId": logged["messageId"]} | response
        del output["answer"]
        return Outcome(verdict="done", output=output, request=logged, response=response)
    return Outcome(
        verdict="retry" if later else "failed",
        error=_who_was_refused(delivery, refused),
        status_code=delivery.refused[0][1].code if delivery.refused else None,
        request=logged,
        response=response,
    )


def _who_was_refused(delivery: Delivery, refused: list[dict[str, Any]]) -> str:
    words = "; ".join(refusal_words(no) for no in refused[:3])
    more = f"; and {len(refused) - 3} more" if len(refused) > 3 else ""
    if delivery.accepted:
        have = f"{len(delivery.accepted)} of {len(delivery.accepted) + len(refused)}"
        return (
            f"{have} recipients have the mail. Not yet: {words}{more}. Only they are tried again."
        )
    return f"The mail server took it for nobody: {words}{more}."


def refusal_words(refused: dict[str, Any]) -> str:
    """One recipient who was refused, in words."""
    code = f"{refused['code']} " if refused["code"] else ""
    return f"{refused['address'][:100]} ({code}{refused['message']})".replace(".)", ")")


def refused(stage: str, reply: Reply, logged: dict[str, Any]) -> Outcome:
    """The server refused the whole mail: 4xx is tried again, 5xx is final."""
    cure = "" if reply.temporary else _CURES.get(stage, "")
    return Outcome(
        verdict="retry" if reply.temporary else "failed",
        error=f"The mail server said {reply} (at {stage}).{cure}",
        status_code=reply.code,
        request=logged,
    )


def lost(kind: str, stage: str, detail: str, logged: dict[str, Any], *, sent: bool) -> Outcome:
    """No answer to the end. `sent`: the whole mail had left, so the server may have taken it."""
    words = _LOST[kind]
    if kind == "tls_failed":
        words += f": {detail}. SMTP_URL must name the host that its certificate names."
    elif sent:
        words = f"{words.rstrip('.')} {_PERHAPS}."
    elif not words.endswith("."):
        words += f" (at {stage}). Nothing was delivered."
    verdict = "returned" if kind == "cancelled" else "retry"
    return Outcome(verdict=verdict, error=words, unknown=sent, request=logged)


def in_total(outcome: Outcome, taken_before: Sequence[str], *, last: bool) -> Outcome:
    """An attempt's outcome, given who has the mail from earlier ones and whether another try would
    follow. A mail that somebody has is done once nobody is left to be tried again."""
    answer = outcome.response or {}
    has_it = [*taken_before, *answer.get("accepted", ())]
    is_over = outcome.verdict == "failed" or (outcome.verdict == "retry" and last)
    if has_it and outcome.response is not None and (is_over or outcome.verdict == "done"):
        message_id = (outcome.request or {})["messageId"]
        output = {"messageId": message_id, "accepted": has_it, "refused": answer["refused"]}
        return replace(outcome, verdict="done", output=output, error=None, status_code=None)
    if taken_before and outcome.error:
        have = f"{len(taken_before)} recipient(s) have the mail already and get no second one."
        return replace(outcome, error=f"{outcome.error} {have}")
    return outcome
