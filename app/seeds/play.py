"""Plays people and a worker at times gone by, through the verbs that the real ones use."""

import json
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from email.utils import format_datetime
from itertools import count
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app import clock
from app.config import Settings
from app.domain import (
    answers,
    attempts,
    callback_urls,
    callbacks,
    calls,
    claims,
    emails,
    mail_answers,
    webhooks,
)
from app.domain.claims import Claim
from app.domain.contexts import read_contexts
from app.domain.mail_answers import Delivery, Reply
from app.domain.outcomes import Outcome, Span
from app.domain.reports import Report
from app.models import AutomationJob, WorkflowInstanceStep
from app.models.vocabulary import AUTOMATION_QUEUE
from app.seeds import notifier

WORKER = "demo-worker-1"
# For so long a story waits for what falls due later (a retry); then it goes on without.
PATIENCE = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the receiver answers to one attempt."""

    status: int = 200
    body: Mapping[str, Any] = field(default_factory=dict[str, Any])
    retry_after: int | None = None


class Story:
    """One instance, told from its start. Time goes by as it is told, never beyond the present."""

    def __init__(
        self,
        session: Session,
        settings: Settings,
        start: datetime,
        title: str,
        begin: Callable[[], int],
        answers: Mapping[str, Sequence[Answer]],
    ) -> None:
        self._session = session
        self._settings = settings
        self._answers = {key: list(them) for key, them in answers.items()}
        self._random = random.Random(title)
        go_to(start)
        self.id = begin()
        self._work()

    def later(self, **duration: float) -> "Story":
        """Let time go by."""
        go_to(clock.now() + timedelta(**duration))
        return self

    def goes_on(self) -> "Story":
        """Let the system do by itself whatever falls due until the present."""
        self._work(patience=present() - clock.now())
        return self

    def does(self, by: str, verb: Callable[..., Any], *key: str, **more: Any) -> "Story":
        """Somebody does something, and the system what follows from it."""
        verb(self._session, self.id, *key, by, **more)
        self._work()
        return self

    def is_called(self, key: str, body: dict[str, Any]) -> "Story":
        """A program calls the step that waits for it."""
        urls = callback_urls.of_instances(self._session.connection(), {self.id})[self.id]
        known = callbacks.find(self._session, urls[key].rpartition("/")[2])
        headers = [("Content-Type", "application/json"), ("User-Agent", "payments/4.2")]
        call = calls.read("POST", headers, json.dumps(body).encode(), urls[key])
        callbacks.receive(self._session, known, call)
        self._work()
        return self

    def _work(self, patience: timedelta = PATIENCE) -> None:
        until = clock.now() + patience
        while (due := self._next_due()) and due <= min(
            max(until, clock.now() + PATIENCE), present()
        ):
            go_to(max(due, clock.now()))
            self._pass(0.004, 0.03)  # from the bell to the claim
            self._carry_out(self._claim(AUTOMATION_QUEUE))
        notifier.tell_all(self._session, self._settings, self._claim)

    def _next_due(self) -> datetime | None:
        job = AutomationJob
        return self._session.scalar(
            select(func.min(job.run_at)).where(
                job.instance_id == self.id, job.queue == AUTOMATION_QUEUE, ~job.held
            )
        )

    def _claim(self, queue: str) -> list[Claim]:
        connection = self._session.connection()
        found = claims.claim(connection, queue=queue, worker=WORKER, limit=100, lease_seconds=3600)
        claims.hand_back(connection, [claim for claim in found if claim.instance_id != self.id])
        return [claim for claim in found if claim.instance_id == self.id]

    def _carry_out(self, held: list[Claim]) -> None:
        """All begin together, as in a worker's threads, and end one after the other."""
        contexts = read_contexts(self._session.connection(), held)
        began = clock.now()
        attempts.settle(self._session, [Report(claim, Span(began), WORKER) for claim in held])
        for claim in held:
            self._pass(0.03, 0.6)
            outcome = self._outcome(claim, contexts.get(claim.id, {}), began)
            span = Span(began, clock.now(), (clock.now() - began).total_seconds())
            attempts.settle(self._session, [Report(claim, span, WORKER, outcome)])

    def _outcome(self, claim: Claim, context: dict[str, Any], began: datetime) -> Outcome:
        if claim.action_type == "AUTOMATION_WEBHOOK":
            outcome = _answered(claim, context, self._next_answer(claim), began)
            return callback_urls.taken_out(outcome, context)
        if claim.action_type == "AUTOMATION_EMAIL":
            return _mailed(claim, context, self._settings)
        return Outcome(verdict="done")

    def _next_answer(self, claim: Claim) -> Answer:
        step = WorkflowInstanceStep
        key = self._session.scalar(select(step.key).where(step.id == claim.step_id))
        waiting = self._answers.get(key or "")
        return waiting.pop(0) if waiting else Answer()

    def _pass(self, least: float, most: float) -> None:
        self.later(seconds=self._random.uniform(least, most))


_received = count(1001)  # beyond the numbers of the real demo receiver


def _answered(claim: Claim, context: dict[str, Any], answer: Answer, began: datetime) -> Outcome:
    """One webhook attempt: the request as it would have been sent, the answer judged and logged as
    a worker does."""
    now = clock.now()
    request = webhooks.build(claim.action_config, context, claim.execution_token or "", began)
    url = urlsplit(request.url)
    headers = [("Content-Type", "application/json"), ("Date", format_datetime(now, usegmt=True))]
    if answer.retry_after is not None:
        headers.append(("Retry-After", str(answer.retry_after)))
    body = json.dumps(_body(url.path, answer)).encode()
    came = answers.Answer(url.netloc, answer.status, headers, body)
    judged = answers.judge(came, claim.action_config, now)
    return replace(judged, request=webhooks.logged_request(request))


def _body(path: str, answer: Answer) -> dict[str, Any]:
    if answer.status != 200:
        return {"ok": False, **answer.body}
    number = next(_received)
    return {"ok": True, "path": path, "reference": f"R-{number}", **answer.body}


def _mailed(claim: Claim, context: dict[str, Any], settings: Settings) -> Outcome:
    mail = emails.build(
        claim.action_config,
        context,
        token=claim.execution_token or "",
        sender=settings.mail_from,
        base_url=settings.base_url,
        at=clock.now(),
    )
    taken = Delivery(accepted=mail.recipients, answer=Reply(250, ("2.0.0 Ok: queued",)))
    return mail_answers.taken(taken, mail_answers.logged_mail(mail.message, mail.recipients))


_away = timedelta(0)  # from the present


def present() -> datetime:
    """What time it really is."""
    return clock.now() - _away


def go_to(moment: datetime) -> None:
    """Move this process's clock, at most to the present."""
    global _away
    _away = min(moment - present(), timedelta(0))
    clock.travel(_away)


def come_back() -> None:
    """Back to the present."""
    go_to(present())
