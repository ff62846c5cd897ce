"""docs/backup.md, word by word: a copy is taken while workers work, they die, and a second set of
processes goes on from the copy."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis
from flask import Flask
from sqlalchemy import select, update
from standardwebhooks import Webhook

from app import bells, clock, create_core, transaction
from app.config import Settings
from app.domain.signatures import random_signing_secret
from app.extensions import db
from app.models import AutomationJob, Schedule, WorkflowInstanceStep
from app.schemas.base import zulu
from tests.support.documents import block
from tests.support.marks import both_databases
from tests.support.processes import SCHEDULER
from tests.support.receiver import Answer, Got, Receiver
from tests.support.scheduling import fires
from tests.support.secrets import keep
from tests.support.servers import empty_database, postgres_programs
from tests.support.shells import run_block
from tests.support.ticking import (
    in_a_moment,
    plan_schedules,
    publish_scheduled,
    wait_for_schedulers,
)
from tests.support.waiting import wait_until
from tests.support.workflows import begin, make_step, publish, webhook

PAGE = "docs/backup.md"
KEY = random_signing_secret()
BUSY, EARLY = 24, 5
DUE_IN = 3600.0  # seconds: not while a copy is taken and the workers are killed


@pytest.fixture
def elsewhere(database_url: str, request, tmp_path) -> Iterator[str]:
    """Where there is nothing yet: another database of the same kind."""
    if database_url.startswith("sqlite"):
        yield f"sqlite:///{tmp_path / 'restored.db'}"
        return
    with empty_database(request.getfixturevalue("postgres_url"), "restored") as url:
        yield url


def run(words: tuple[str, ...], url: str, copy: Path, environ: dict[str, str]) -> str:
    """The commands of the page with these words and the variables that it names; what they say."""
    here = {"BACKUP": str(copy), "DATABASE_URL": url}
    here["DATABASE_FILE"] = url.removeprefix("sqlite:///")
    return run_block(block(PAGE, *words), environ | here, programs=[postgres_programs()])


def steps(key: str) -> dict[int, tuple[str, str | None]]:
    """State and token of the steps with this key, by instance."""
    row = WorkflowInstanceStep
    query = select(row.instance_id, row.state, row.execution_token).where(row.key == key)
    with transaction.reading() as session:
        return {number: (state, token) for number, state, token in session.execute(query)}


@contextmanager
def looking_into(url: str, environ: dict[str, str]) -> Iterator[Flask]:
    """An application on another database."""
    app = create_core(Settings.load(environ | {"DATABASE_URL": url}))
    bells.use(bells.NoBell())
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()


@both_databases
def test_a_copy_that_is_taken_while_workers_work_goes_on_elsewhere(
    app, database_url, elsewhere, environ, start, receiver, redis_url, tmp_path
):
    word = "sqlite3" if database_url.startswith("sqlite") else "pg_dump"
    back = "cp" if database_url.startswith("sqlite") else "pg_restore"
    copy, hold = tmp_path / "copy", threading.Event()
    receiver.answer = lambda got: answer(receiver, got, hold)
    publish_all(receiver.url)
    first = [start(SCHEDULER), start()]
    wait_for_schedulers(1)
    for _ in range(BUSY):
        begin("busy")
    wait_until(lambda: states("send")["COMPLETED"] == EARLY, why="some should be done")
    at = in_a_moment(DUE_IN)
    waiting = begin("timed", at=zulu(at))
    (schedule,) = plan_schedules(1, at)

    said = run((word, '"$BACKUP"'), database_url, copy, environ)
    assert said == ("ok\n" if word == "sqlite3" else "")
    hold.set()
    wait_until(lambda: states("send")["COMPLETED"] == BUSY, why="work should have gone on")
    for process in first:
        process.kill()
    with redis.Redis.from_url(redis_url) as client:
        client.flushall()

    run((back, '"$BACKUP"'), elsewhere, copy, environ)
    checked = run(("reencrypt",), elsewhere, copy, environ)
    assert "0 encrypted anew with k1, 1 were already, 0 can't be read." in checked
    with looking_into(elsewhere, environ):
        known = steps("send")
        bring_forward(schedule, waiting)
        start(SCHEDULER, DATABASE_URL=elsewhere)
        start(DATABASE_URL=elsewhere)
        wait_until(lambda: len(fires(schedule)) == 1, seconds=90, why="the schedule should fire")
        wait_until(all_done, seconds=90, why="all should be completed")
        assert {n: token for n, (_, token) in steps("send").items()} == {
            n: token for n, (_, token) in known.items()
        }
        after = steps("after")[waiting][1]

    sent = Counter((got.path, got.token) for got in receiver.requests)
    assert sent.pop(("/after", after)) == 1
    (signed,) = [got for got in receiver.requests if got.path == "/after"]
    assert Webhook(KEY).verify(signed.body, signed.headers) == {"n": 1}
    assert [sent.pop(it) for it in list(sent) if it[0] == "/scheduled"] == [1]
    # What was done in the copy is not done again; what was not, under the token of the copy (more
    # than twice if copying took so long that the receiver seemed to hang).
    assert {token for _, token in sent} == {token for _, token in known.values()}
    again = {token for (_, token), times in sent.items() if times > 1}
    assert again == {token for state, token in known.values() if state != "COMPLETED"}
    assert len(again) == BUSY - EARLY


def answer(receiver: Receiver, got: Got, hold: threading.Event) -> Answer:
    """The first few are answered at once, all others when they may be."""
    with receiver.arrived:
        place = next(n for n, one in enumerate(receiver.requests) if one is got)
    if place >= EARLY:
        hold.wait(30)
    return 200, {}, b"{}"


def bring_forward(schedule_id: int, instance_id: int) -> None:
    """The time of a schedule and of a timer has come."""
    now, job = clock.now(), AutomationJob
    with transaction.writing() as session:
        times = {"starts_at": now, "next_at": now, "next_fire_at": now}
        session.execute(update(Schedule).where(Schedule.id == schedule_id).values(times))
        session.execute(update(job).where(job.instance_id == instance_id).values(run_at=now))


def publish_all(url: str) -> None:
    """A timer before a signed webhook, webhooks that are busy, and what a schedule starts."""
    keep("STOCK_KEY", KEY)
    signed = {"url": f"{url}/after", "body": {"n": 1}, "signingSecret": "STOCK_KEY"}
    timer = make_step("timer", "WAIT_TIMER", (), {"runAt": "{{ input.at }}"}, {})
    publish(timer, webhook("after", "timer", config=signed), key="timed")
    publish(webhook("send", config={"url": f"{url}/busy"}), key="busy")
    publish_scheduled(f"{url}/scheduled")


def states(*keys: str) -> Counter[str]:
    return Counter(state for key in keys for state, _ in steps(key).values())


def all_done() -> bool:
    return states("send", "after", "post") == {"COMPLETED": BUSY + 2}
