"""What senders get: plain values, no session. And what those that send a request share."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit

from app import clock
from app.domain import answers
from app.domain.answers import Answer
from app.domain.outcomes import Outcome
from app.domain.redaction import Scrub
from app.domain.secret_values import SecretValue
from app.models.vocabulary import Channel
from workers.outbound import CancelToken, Request, SendFailed
from workers.tools import Tools


@dataclass(frozen=True, slots=True)
class PushTarget:
    """One browser of a person. `id` is its subscription's."""

    id: int
    endpoint: str
    p256dh: str
    auth: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One try of one delivery.

    token     what providers see, the same on every try
    recipient as the policy names it; `address`: where it goes, as the channel's facts gave it
    content   rendered, in the JSON form of the channel's content
    link      where in the console it is about
    about     what it is about, in a line: `Book carrier · Order 1042`
    targets   PUSH: the person's browsers
    signing_secret, secrets   WEBHOOK: the name of what it is signed with, and values by their names
    timeout   seconds this try may take, for everything
    """

    token: str
    channel: Channel
    recipient: str
    address: str
    content: Mapping[str, Any]
    link: str | None = None
    about: str = ""
    targets: tuple[PushTarget, ...] = ()
    signing_secret: str | None = None
    secrets: Mapping[str, SecretValue] = field(default_factory=dict[str, SecretValue])
    timeout: float = 20.0


NOTHING = Scrub()


def post(
    request: Request,
    logged: Mapping[str, Any],
    tools: Tools,
    cancel: CancelToken,
    scrub: Scrub = NOTHING,
) -> Outcome:
    """Send a request once and judge its answer as for any receiver. `logged`: the request as the
    log shows it; `scrub`: takes what is secret in it out of the answer, should that say it back."""
    try:
        response = tools.outbound.send(request, cancel)
    except SendFailed as failure:
        return _not_answered(failure, dict(logged))
    headers = [(scrub.text(name), scrub.text(value)) for name, value in response.headers]
    body = scrub.body(response.body, cut=response.truncated)
    host = urlsplit(request.url).netloc
    answer = Answer(host, response.status, headers, body, response.truncated)
    return replace(answers.judge(answer, {}, clock.now()), request=dict(logged))


def _not_answered(failure: SendFailed, logged: dict[str, Any]) -> Outcome:
    """No answer: unknown if any byte of the request may have arrived."""
    verdict = "failed" if failure.final else "retry"
    if failure.kind == "cancelled":
        verdict = "returned"
    return Outcome(verdict=verdict, error=failure.message, unknown=failure.sent, request=logged)
