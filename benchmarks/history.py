"""A past for measurements of pages: many instances, and the counts of a week as several processes
would have left them."""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from math import sin
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from app import clock
from app.domain import tallies, templates
from app.domain.figures import EVER, floor
from app.domain.folding import BY_HOUR
from app.domain.tallies import LE
from app.models import AutomationJob, Tally, WorkflowInstance, WorkflowInstanceStep
from app.models.vocabulary import AUTOMATION_QUEUE, NOTIFICATION_QUEUE
from app.schemas.template import Template
from tests.support.workflows import AUTHOR, LOOPBACK, make_step

NAMES = (
    *("Order fulfilment", "Invoice approval", "Customer onboarding", "Refund", "Price update"),
    *("Supplier check", "Nightly stock sync", "Contract renewal", "Goods return", "Recall"),
    *("Credit check", "Newsletter"),
)
HOSTS = [f"{name}.example.com:443" for name in "stock pay crm erp ship tax mail print".split()]
PROCESSES = [f"box-{n}:17:abcdef0{n}" for n in range(6)]
STATES = (("COMPLETED", 960), ("CANCELLED", 20), ("RUNNING", 14), ("ATTENTION", 4), ("PAUSED", 2))
_AT_ONCE = 5000


def fill(session: Session, instances: int, chance: random.Random | None = None) -> None:
    """Write templates, instances with two steps each, jobs, and a week of counts."""
    chance = chance or random.Random(7)
    ids = [_template(session, at, name) for at, name in enumerate(NAMES)]
    for rows in _batches(_instances(ids, instances, chance)):
        session.execute(insert(WorkflowInstance), rows)
        session.execute(insert(WorkflowInstanceStep), [s for row in rows for s in _steps(row)])
    session.execute(insert(AutomationJob), [_job(at, chance) for at in range(instances // 50)])
    for rows in _batches(_tallies(chance)):
        session.execute(insert(Tally), rows)


def _template(session: Session, at: int, name: str) -> int:
    steps = [
        make_step("send", "AUTOMATION_WEBHOOK", [], {"url": "http://127.0.0.1:9/"}, {}),
        make_step("check", "MANUAL_TASK", ["send"], {}, {}),
    ]
    document = {"key": f"template-{at}", "name": name, "steps": steps}
    made = templates.create(session, Template.read(document), AUTHOR, allow=LOOPBACK)
    templates.publish(session, made.id, AUTHOR, allow=LOOPBACK)
    return made.id


def _batches(rows: Iterator[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    batch: list[dict[str, Any]] = []
    for row in rows:
        batch.append(row)
        if len(batch) == _AT_ONCE:
            yield batch
            batch = []
    if batch:
        yield batch


def _instances(ids: list[int], number: int, chance: random.Random) -> Iterator[dict[str, Any]]:
    now, words = clock.now(), [word for word, weight in STATES for _ in range(weight)]
    for at in range(1, number + 1):
        state = words[at * 7919 % len(words)]
        started = now - timedelta(minutes=(number - at) / 10)
        which = chance.choice(ids)
        done = state in ("COMPLETED", "CANCELLED")
        yield {
            "id": at,
            "template_id": which,
            "version_id": which,
            "title": f"{NAMES[which - ids[0]]} {at}",
            "input": {"orderId": f"A-{at}"},
            "state": state,
            "needs_attention": state == "ATTENTION",
            "paused": state == "PAUSED",
            "started_by": "api:shop",
            "started_at": started,
            "ended_at": started + timedelta(minutes=3) if done else None,
            "due_at": started + timedelta(hours=4) if at % 20 == 0 else None,
            "updated_at": started,
        }


def _steps(row: dict[str, Any]) -> Iterator[dict[str, Any]]:
    second = {"ATTENTION": "FAILED", "RUNNING": "READY", "PAUSED": "READY"}
    for position, key in enumerate(("send", "check")):
        state = "COMPLETED" if position == 0 else second.get(row["state"], row["state"])
        yield {
            "instance_id": row["id"],
            "position": position,
            "key": key,
            "name": key.title(),
            "action_type": "MANUAL_TASK" if position else "AUTOMATION_WEBHOOK",
            "action_config": {},
            "notification_policies": [],
            "state": state,
            "action_state": "IDLE",
            "error": "503 Service Unavailable" if state == "FAILED" else None,
        }


def _job(at: int, chance: random.Random) -> dict[str, Any]:
    run_at = clock.now() + timedelta(seconds=chance.uniform(-20, 600))
    return {
        "queue": AUTOMATION_QUEUE if at % 4 else NOTIFICATION_QUEUE,
        "kind": "step",
        "instance_id": at + 1,
        "destination": chance.choice(HOSTS[:3]),
        "action_type": "AUTOMATION_WEBHOOK",
        "action_config": {},
        "attempt": 1 + at % 3,
        "queued_at": run_at,
        "run_at": run_at,
    }


def _tallies(chance: random.Random) -> Iterator[dict[str, Any]]:
    """As folding leaves them: the sum, quarters of days, a day of hours, an hour or two of
    minutes, and fresh ones by process."""
    this = clock.now().replace(second=0, microsecond=0)
    hour = this.replace(minute=0)
    yield from _counted(EVER, "", 100_000, chance, totals=True)
    quarter = floor(hour - BY_HOUR, timedelta(hours=6))
    for back in range(1, 28):
        at = quarter - timedelta(hours=6 * back)
        yield from _counted(at, "", 6000 + 4000 * sin(at.hour / 4), chance)
    for back in range(2, int((hour - quarter).total_seconds() // 3600) + 1):
        at = hour - timedelta(hours=back)
        yield from _counted(at, "", 900 + 700 * sin(at.hour / 4), chance)
    for back in range(4, int((this - hour + timedelta(hours=1)).total_seconds() // 60), 2):
        at = floor(this - timedelta(minutes=back), timedelta(minutes=2))
        yield from _counted(at, "", 40 + 18 * sin(back / 9), chance)
    for back in range(3):
        for process in PROCESSES:
            yield from _counted(this - timedelta(minutes=back), process, 3, chance)


def _counted(
    at: datetime, source: str, about: float, chance: random.Random, *, totals: bool = False
) -> Iterator[dict[str, Any]]:
    for name, labels, share in _LABELS:
        value = round(about * share * chance.uniform(0.4, 1.6))
        if value and not (totals and name.startswith(tallies.BY_NAME)):
            text = tallies.text_of(labels)
            yield {"minute": at, "source": source, "name": name, "labels": text, "value": value}


def _labels() -> Iterator[tuple[str, dict[str, str], float]]:
    """Everything that is counted, and how much of each there is."""
    for kind, share in (("completed", 1), ("failed", 0.02), ("started", 1), ("ready", 1)):
        yield "events_total", {"kind": f"step.{kind}"}, share
    for queue in (AUTOMATION_QUEUE, NOTIFICATION_QUEUE):
        yield from _timed("queue_wait_seconds", {"queue": queue}, 3)
        yield "retries_total", {"queue": queue}, 0.05
        for kind in ("AUTOMATION_WEBHOOK", "AUTOMATION_EMAIL", "WAIT_TIMER"):
            yield from _timed("attempt_seconds", {"queue": queue, "kind": kind}, 5)
            for outcome, share in (("succeeded", 1), ("retry", 0.05), ("failed", 0.02)):
                labels = {"queue": queue, "kind": kind, "outcome": outcome}
                yield "attempts_total", labels, share / 3
    for noun in ("instances", "templates", "tasks", "queues", "dashboard", "steps", "schedules"):
        for status in ("2xx", "3xx", "4xx"):
            labels = {"door": "web", "noun": noun, "method": "GET", "status": status}
            yield "http_requests_total", labels, 0.5
    yield from _timed("http_request_seconds", {"door": "web"}, 4)
    for id in range(1, len(NAMES) + 1):
        for outcome, share in (("completed", 0.1), ("repaired", 0.003), ("cancelled", 0.002)):
            labels = {"template": str(id), "outcome": outcome}
            yield "template_runs_total", labels, share * (1 + 5 / id)
        yield from _timed("template_seconds", {"template": str(id)}, 11)
    for at, host in enumerate(HOSTS):
        for outcome, share in (("succeeded", 0.2), ("retry", 0.01 * at), ("failed", 0.003 * at)):
            yield "destination_attempts_total", {"destination": host, "outcome": outcome}, share
        yield from _timed("destination_seconds", {"destination": host}, 5 + at % 3)


def _timed(name: str, labels: dict[str, str], middle: int) -> Iterator[tuple[str, Any, float]]:
    for at, le in enumerate(LE[: middle + 3]):
        share = 0.5 ** abs(at - middle) / 3
        yield f"{name}_bucket", {**labels, "le": le}, share
    yield f"{name}_sum", labels, 0.2


_LABELS = list(_labels())
