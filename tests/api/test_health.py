"""What /healthz and /readyz say."""

import pytest
from sqlalchemy import text

from app import clock, create_app, transaction
from app.config import Settings
from app.domain import processes
from app.models.vocabulary import AUTOMATION_QUEUE, NOTIFICATION_QUEUE
from tests.api.conftest import Caller
from tests.conftest import environment
from tests.support.marks import both_databases


@pytest.fixture
def settings(database_url: str, redis_url: str) -> Settings:
    return Settings.load(environment(DATABASE_URL=database_url, REDIS_URL=redis_url))


def say_alive(kind: str, queue: str | None, name: str) -> None:
    with transaction.writing() as session:
        processes.say_alive(session, name, kind=kind, queue=queue, host="here", pid=1)


def test_a_process_that_is_up_says_so(caller):
    answer = caller(None).get("/healthz")
    assert (answer.status_code, answer.json) == (200, {"status": "ok"})


@both_databases
def test_all_that_is_needed_is_there(caller):
    answer = caller(None).get("/readyz")
    assert answer.status_code == 200
    assert answer.json == {
        "status": "ready",
        "checks": {
            "database": {"ok": True},
            "redis": {"ok": True},
            "migrations": {"ok": True},
            "worker": {"ok": False, "count": 0, "waiting": 0},
            "notifier": {"ok": False, "count": 0, "waiting": 0},
            "scheduler": {"ok": False, "count": 0},
            "clocks": {"ok": True},
            "mail": {"ok": False},
        },
    }


def test_processes_that_live_are_counted(caller):
    say_alive("worker", AUTOMATION_QUEUE, "a")
    say_alive("worker", AUTOMATION_QUEUE, "b")
    say_alive("worker", NOTIFICATION_QUEUE, "c")
    say_alive("scheduler", None, "d")
    checks = caller(None).get("/readyz").json["checks"]
    counts = {name: checks[name]["count"] for name in ("worker", "notifier", "scheduler")}
    assert counts == {"worker": 2, "notifier": 1, "scheduler": 1}


def test_a_clock_that_is_off_is_told_with_its_process_and_by_how_much(caller, monkeypatch):
    monkeypatch.setattr(clock, "off", lambda: -300.5)
    say_alive("worker", AUTOMATION_QUEUE, "a")
    answer = caller(None).get("/readyz")
    assert answer.status_code == 200
    assert answer.json["checks"]["clocks"] == {
        "ok": False,
        "off": [{"kind": "worker", "process": "here:1", "seconds": -300.5}],
    }


def test_migrations_that_are_missing_are_told(caller):
    with transaction.writing() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '0000'"))
    answer = caller(None).get("/readyz")
    assert (answer.status_code, answer.json["status"]) == (503, "not ready")
    assert answer.json["checks"]["migrations"] == {"ok": False}
    with transaction.writing() as session:
        session.execute(text("DELETE FROM alembic_version"))
    assert caller(None).get("/readyz").status_code == 503


@pytest.mark.parametrize(
    ("wrong", "check"),
    [
        ({"REDIS_URL": "redis://127.0.0.1:1/0"}, "redis"),
        ({"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"}, "database"),
        ({"DATABASE_URL": "sqlite:////nonexistent/none.db"}, "database"),
    ],
)
def test_what_is_away_is_named_and_nothing_else_is_told(app, settings, wrong, check):
    given = {"DATABASE_URL": settings.database_url, "REDIS_URL": settings.redis_url} | wrong
    answer = Caller(create_app(Settings.load(environment(**given))), None).get("/readyz")
    assert answer.status_code == 503
    assert answer.json["checks"][check]["ok"] is False
    assert "127.0.0.1" not in answer.text and "nonexistent" not in answer.text
