"""How long the server takes to redraw the template editor: `bin/bench editor`.

A template of 60 steps of all kinds, each with a condition, a body and a policy. Every round changes
a field of one step, as the page does while somebody types, and measures the whole request: the
draft is checked and saved durably, and all regions are drawn anew. In this process, with a real
database (SQLite with synchronous=FULL, PostgreSQL with fsync); the network is left out.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from flask_migrate import upgrade

from app import bells, clock, create_app, memory, transaction
from app.config import Settings
from app.domain import people, templates
from app.extensions import db
from app.schemas.template import Template
from benchmarks.tables import Table
from tests.conftest import environment
from tests.support.servers import postgres
from tests.support.workflows import AUTHOR, LOOPBACK, make_step

STEPS = 60
AIM_MS = 100
PARTIAL = {"HX-Request": "true", "HX-Request-Type": "partial"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--databases", nargs="+", default=["sqlite", "postgresql"])
    options = parser.parse_args()
    table = Table(
        f"A panel change on a template of {STEPS} steps",
        *("database", "change", "rounds", "p50 ms", "p95 ms", "most ms"),
        *("p50 of CPU ms", "KiB", "too late"),
    )
    for database in options.databases:
        with tempfile.TemporaryDirectory() as folder, console(database, Path(folder)) as app:
            for name, field, wish in CHANGES:
                table.row(
                    database, name, options.rounds, *measure(app, options.rounds, field, wish)
                )
    sys.exit(1 if Table.faults else 0)


# What is typed: (in words, the field, its text by round).
CHANGES = (
    ("a name", "name", "Step, changed {}"),
    ("a URL", "actionConfig.url", "http://127.0.0.1:9/{}"),
    ("a URL that is refused", "actionConfig.url", "nonsense {}"),
)


def measure(app: Flask, rounds: int, field: str, wish: str) -> tuple[Any, ...]:
    """Milliseconds of each round's request: p50, p95, the most, and p50 of what it computed (which
    a crowded machine changes less); the answer's size; whether p95 is beyond the aim."""
    client = author(app)
    took: list[float] = []
    computed: list[float] = []
    size = 0
    for at in range(-5, rounds):  # the first few compile page templates
        data = {
            "revision": revision(app),
            "panel": "step:s30",
            "tab": "action",
            field: wish.format(at),
        }
        began, busy = clock.monotonic(), time.process_time()
        answer = client.post("/templates/1/edit/steps/s30", data=data, headers=PARTIAL)
        if at >= 0:
            took.append((clock.monotonic() - began) * 1000)
            computed.append((time.process_time() - busy) * 1000)
        assert answer.status_code == 200, answer.text
        size = len(answer.data)
    took.sort()
    p95 = took[int(len(took) * 0.95)]
    middle = (statistics.median(took), p95, took[-1], statistics.median(computed))
    figures = (f"{each:.0f}" for each in (*middle, size / 1024))
    return (*figures, int(p95 > AIM_MS))


def revision(app: Flask) -> int:
    with app.app_context(), transaction.reading() as session:
        return templates.find(session, 1).draft_revision


def author(app: Flask) -> FlaskClient:
    """A browser in which somebody who may add automation is signed in."""
    client = app.test_client()
    answer = client.post("/sign-in", data={"email": "ada@example.com", "password": PASSWORD})
    assert answer.status_code in (302, 303), answer.text
    return client


PASSWORD = "correct horse battery"  # noqa: S105 - of a database that lives for a minute


@contextmanager
def console(database: str, folder: Path) -> Iterator[Flask]:
    """An application on a database with the template in it."""
    with url_of(database, folder) as url:
        app = create_app(Settings.load(environment(DATABASE_URL=url)))
        app.config["WTF_CSRF_ENABLED"] = False
        bells.use(bells.NoBell())
        with app.app_context():
            upgrade()
            with transaction.writing() as session:
                people.create_user(
                    session,
                    "ada@example.com",
                    "Ada",
                    "author",
                    PASSWORD,
                    may_add_automation=True,
                )
                templates.create(session, Template.read(document()), AUTHOR, allow=LOOPBACK)
            db.session.remove()
        memory.settle()  # as the web process does
        yield app
        with app.app_context():
            db.engine.dispose()


@contextmanager
def url_of(database: str, folder: Path) -> Iterator[str]:
    if database == "sqlite":
        yield f"sqlite:///{folder / 'editor.db'}"
    else:
        with postgres(folder / "data") as url:
            yield url


def document() -> dict[str, Any]:
    """Sixty steps: each waits for two before it, has a condition, and tells somebody."""
    steps = [step(at) for at in range(STEPS)]
    schema = {f"field{n}": {"type": "string", "title": f"Field {n}"} for n in range(12)}
    return {
        "key": "sixty",
        "name": "Sixty steps",
        "inputSchema": {"type": "object", "properties": schema},
        "steps": steps,
    }


def step(at: int) -> dict[str, Any]:
    kinds = (
        ("AUTOMATION_WEBHOOK", {"url": "http://127.0.0.1:9/{{ input.field1 }}", "body": BODY}),
        ("MANUAL_TASK", {"instructions": "Look at it, then say so."}),
        (
            "AUTOMATION_EMAIL",
            {"to": ["a@example.com"], "subject": "{{ input.field2 }}", "text": "…"},
        ),
        ("WAIT_TIMER", {"delay": "PT1H"}),
    )
    kind, config = kinds[at % len(kinds)] if at != STEPS // 2 else kinds[0]
    more = {
        "when": {"any": [["input.field3", "=", "x"], ["input.field4", "exists", True]]},
        "notificationPolicies": [{"channel": "EMAIL", "trigger": "ON_FAILED"}],
    }
    return make_step(f"s{at}", kind, [f"s{n}" for n in (at - 4, at - 3) if n >= 0], config, more)


BODY = {"order": "{{ input.field5 }}", "lines": [{"sku": "{{ input.field6 }}", "count": 3}]}

if __name__ == "__main__":
    main()
