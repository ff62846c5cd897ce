"""AUTOMATION_WEBHOOK: send a request through the one outbound client."""

from dataclasses import replace
from urllib.parse import urlsplit

from app import clock
from app.domain import answers, webhooks
from app.domain.addresses import AddressRefused
from app.domain.answers import Answer
from app.domain.outcomes import Outcome
from app.domain.paths import MissingPath
from app.domain.webhooks import SecretUnusable, WebhookRequest
from workers.handlers.base import Tools, Work
from workers.outbound import Request, Response, SendFailed


def carry_out(work: Work, tools: Tools) -> Outcome:
    """Send once; say what came of it."""
    config, claim = work.claim.action_config, work.claim
    try:
        request = webhooks.build(
            config, work.context, claim.execution_token or "", clock.now(), work.secrets
        )
    except MissingPath as missing:
        return Outcome(verdict="failed", error=webhooks.not_made(missing))
    except AddressRefused as refused:
        return Outcome(verdict="failed", error=refused.reason)
    except SecretUnusable as unusable:
        return Outcome(verdict="failed", error=str(unusable))
    return _send(request, config["timeoutSeconds"], work, tools)


def _send(request: WebhookRequest, timeout: float, work: Work, tools: Tools) -> Outcome:
    logged = webhooks.logged_request(request)
    try:
        response = tools.outbound.send(
            Request(request.method, request.url, request.headers, request.body, timeout),
            work.cancel,
        )
    except SendFailed as failure:
        return _not_answered(failure, logged)
    answer = _without_secrets(request, response)
    return replace(answers.judge(answer, work.claim.action_config, clock.now()), request=logged)


def _without_secrets(request: WebhookRequest, response: Response) -> Answer:
    """What came back. Receivers may say a secret back: it is taken out before anybody reads, cuts
    or keeps what they say."""
    scrub, cut = request.scrub, response.truncated
    headers = [(scrub.text(name), scrub.text(value)) for name, value in response.headers]
    body = scrub.body(response.body, cut=cut)
    return Answer(urlsplit(request.url).netloc, response.status, headers, body, cut)


def _not_answered(failure: SendFailed, logged: dict[str, object]) -> Outcome:
    """No answer: unknown if any byte of the request may have arrived."""
    verdict = "failed" if failure.final else "retry"
    if failure.kind == "cancelled":
        verdict = "returned"
    return Outcome(verdict=verdict, error=failure.message, unknown=failure.sent, request=logged)
