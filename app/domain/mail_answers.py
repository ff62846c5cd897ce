"""What a mail server's answers mean, and how an attempt to send a mail is logged. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.utils import getaddresses
from typing import Any

from app.domain.outcomes import Outcome

NO_SERVER = "No mail server is set up (SMTP_URL)."
KEPT = 16 * 1024  # characters of a body in the log
_SHOWN = 300
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f]+")

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
    "cancelled": "The attempt was stopped",
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

Refusal = dict[str, Any]


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


def logged_mail(mail: EmailMessage, recipients: Sequence[str], kept: int = KEPT) -> dict[str, Any]:
    """A mail as it goes into the log; `kept`: how much of each body."""
    logged: dict[str, Any] = {
        name[0].lower() + name[1:].replace("-", ""): _readable(str(mail[name]))
        for name in ("From", "To", "Cc", "Reply-To", "Subject")
        if mail[name]
    }
    named = {address.lower() for _, address in getaddresses([mail["To"] or "", mail["Cc"] or ""])}
    if blind := [address for address in recipients if address.lower() not in named]:
        logged["bcc"] = ", ".join(blind)
    logged |= {"messageId": str(mail["Message-ID"]), "recipients": [*recipients]}
    for kind, name in (("plain", "text"), ("html", "html")):
        if (part := mail.get_body((kind,))) is not None:
            logged[name] = str(part.get_content())[:kept]
    return logged


def _readable(header: str) -> str:
    return str(make_header(decode_header(header)))


def refusal(address: str, message: str, code: int | None = None) -> Refusal:
    """One recipient who does not get the mail, as outputs and logs name them."""
    return {"address": address, "code": code, "message": message}


def taken(delivery: Delivery, logged: dict[str, Any]) -> Outcome:
    """The conversation came to its end: whom the mail was taken for, and whom not."""
    refused = [refusal(address, reply.text, reply.code) for address, reply in delivery.refused]
    answer = str(delivery.answer) if delivery.answer else None
    response = {"answer": answer, "accepted": delivery.accepted, "refused": refused}
    later = any(reply.temporary for _, reply in delivery.refused)
    if delivery.accepted and not later:
        output = {
            "messageId": logged["messageId"],
            "accepted": delivery.accepted,
            "refused": refused,
        }
        return Outcome(verdict="done", output=output, request=logged, response=response)
    return Outcome(
        verdict="retry" if later else "failed",
        error=_who_was_refused(delivery.accepted, refused),
        status_code=delivery.refused[0][1].code if delivery.refused else None,
        request=logged,
        response=response,
    )


def _who_was_refused(accepted: Sequence[str], refused: Sequence[Refusal]) -> str:
    words = "; ".join(_refusal_words(no) for no in refused[:3])
    more = f"; and {len(refused) - 3} more" if len(refused) > 3 else ""
    if not accepted:
        return f"The mail server took it for nobody: {words}{more}."
    have = f"{len(accepted)} of {len(accepted) + len(refused)} recipients have the mail."
    return f"{have} Not yet: {words}{more}. Only they are tried again."


def _refusal_words(refused: Refusal) -> str:
    code = f"{refused['code']} " if refused["code"] else ""
    return f"{refused['address'][:100]} ({code}{refused['message'].rstrip('.')})"


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


def nobody_left(refused: Sequence[Refusal]) -> Outcome:
    """No mail was sent, since nobody may get it."""
    words = "; ".join(_refusal_words(no) for no in refused[:3])
    return Outcome(verdict="failed", error=f"No mail was sent: nobody can get it. {words}.")


def in_total(
    outcome: Outcome, taken_before: Sequence[str], refused: Sequence[Refusal], *, last: bool
) -> Outcome:
    """An attempt's outcome, given who has the mail from earlier ones, who was refused before it
    was sent, and whether another try would follow. A mail that somebody has is done once nobody is
    left to be tried again."""
    answer = outcome.response
    if answer is None:
        if not (taken_before and outcome.error):
            return outcome
        have = (
            f"{', '.join(taken_before[:3])} and others"
            if taken_before[3:]
            else ", ".join(taken_before)
        )
        return replace(outcome, error=f"{outcome.error} {have} got it before, and no second one.")
    response = answer | {"refused": [*answer["refused"], *refused]}
    has_it = [*taken_before, *answer["accepted"]]
    is_over = outcome.verdict != "retry" or last
    if not (has_it and is_over):
        return replace(outcome, response=response)
    output = {
        "messageId": (outcome.request or {})["messageId"],
        "accepted": has_it,
        "refused": response["refused"],
    }
    return replace(
        outcome, verdict="done", output=output, error=None, status_code=None, response=response
    )
