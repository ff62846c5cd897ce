"""Templates, instances and a worker in one's hand, for tests that need no real worker."""

from collections.abc import Iterable
from typing import Any

from app import clock, transaction
from app.domain import attempts, claims, instances, templates
from app.domain.addresses import AllowList
from app.domain.claims import Claim
from app.domain.outcomes import Outcome, Span
from app.domain.reports import Report
from app.models.vocabulary import AUTOMATION_QUEUE
from app.schemas.instance import InstanceIn
from app.schemas.template import Template

LOOPBACK = AllowList.parse("127.0.0.1,localhost")  # as the settings of tests have it
OPERATOR = "user:operator@example.com"
AUTHOR = "user:author@example.com"


def webhook(key: str, *depends_on: str, **more: Any) -> dict[str, Any]:
    """A webhook step; `config` overrides parts of its config."""
    config = {"url": f"http://127.0.0.1:9/{key}"} | more.pop("config", {})
    return make_step(key, "AUTOMATION_WEBHOOK", depends_on, config, more)


def task(key: str, *depends_on: str, **more: Any) -> dict[str, Any]:
    """A step that somebody does."""
    return make_step(key, "MANUAL_TASK", depends_on, more.pop("config", {}), more)


def make_step(
    key: str, kind: str, depends_on: Iterable[str], config: dict[str, Any], more: dict[str, Any]
) -> dict[str, Any]:
    """A step of any kind."""
    return {
        "key": key,
        "name": key.capitalize(),
        "actionType": kind,
        "dependsOn": [*depends_on],
        "actionConfig": config,
    } | more


def publish(*steps: dict[str, Any], key: str = "order", **more: Any) -> int:
    """Create and publish a template of these steps; returns its id."""
    with transaction.writing() as session:
        document = {"key": key, "name": key.capitalize(), "steps": list(steps)} | more
        template = templates.create(session, Template.read(document), AUTHOR, allow=LOOPBACK)
        templates.publish(session, template.id, AUTHOR, allow=LOOPBACK)
        return template.id


def begin(key: str = "order", **input: Any) -> int:
    """Start an instance; returns its id."""
    with transaction.writing() as session:
        wish = InstanceIn.read({"templateKey": key, "input": input})
        return instances.start(session, wish, OPERATOR)


def claim(
    limit: int = 50,
    *,
    worker: str = "worker-1",
    alone: bool = False,
    queue: str = AUTOMATION_QUEUE,
    kinds: Iterable[str] = (),
) -> list[Claim]:
    """Lease what is due, as a worker does; with `kinds`, hand what is of others back."""
    with transaction.writing() as session:
        held = claims.claim(
            session.connection(),
            queue=queue,
            worker=worker,
            limit=limit,
            lease_seconds=15,
            alone=alone,
        )
        if wanted := set(kinds):
            others = [one for one in held if one.kind not in wanted]
            claims.hand_back(session.connection(), others)
            held = [one for one in held if one.kind in wanted]
        return held


def report_begun(*held: Claim, worker: str = "worker-1") -> None:
    """Say that these attempts began."""
    with transaction.writing() as session:
        attempts.settle(session, [Report(job, Span(clock.now()), worker) for job in held])


def report_ended(outcome: Outcome, *held: Claim, worker: str = "worker-1") -> None:
    """Say how these attempts, which began before, ended."""
    with transaction.writing() as session:
        span = Span(clock.now(), clock.now(), 0.01)
        attempts.settle(session, [Report(job, span, worker, outcome) for job in held])


def work(outcome: Outcome | None = None) -> int:
    """Claim all that is due and let it end so (default: well); returns how many."""
    held = claim()
    report_begun(*held)
    if held:
        report_ended(outcome or Outcome(verdict="done"), *held)
    return len(held)
