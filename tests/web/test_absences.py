"""Who is not there is said plainly on every page."""

import socket
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask

from app import clock, create_app, transaction, watch
from app.config import Settings
from app.domain import processes
from app.extensions import db
from app.models.vocabulary import AUTOMATION_QUEUE, NOTIFICATION_QUEUE
from app.watch import Watch
from tests.conftest import environment
from tests.support.looking import do
from tests.support.marks import both_databases
from tests.support.waiting import wait_until
from tests.web.conftest import Person, said

ALL = {
    "worker": ("worker", AUTOMATION_QUEUE),
    "notifier": ("worker", NOTIFICATION_QUEUE),
    "scheduler": ("scheduler", None),
}


@pytest.fixture
def settings(database_url: str, redis_url: str) -> Settings:
    return Settings.load(environment(DATABASE_URL=database_url, REDIS_URL=redis_url))


def come(*names: str) -> None:
    """Processes of these kinds say that they are alive."""
    with transaction.writing() as session:
        for name in names:
            kind, queue = ALL[name]
            processes.say_alive(session, name, kind=kind, queue=queue, host="h", pid=1)


def leave(name: str) -> None:
    with transaction.writing() as session:
        processes.say_gone(session, name)


def shown(person: Person, path: str = "/") -> list[str]:
    """The lines of the banner."""
    page = person.get(path).get_data(as_text=True)
    inner = page.partition('id="banner"')[2].partition('id="unheard"')[0]
    lines = inner.split('<div class="banner">')[1:]

    class Line:
        def __init__(self, html: str) -> None:
            self.html = html

        def get_data(self, as_text: bool) -> str:
            return self.html.partition("<p>")[2].partition("</p>")[0]

    return [said(Line(line)) for line in lines]


@both_databases
def test_with_everybody_there_nothing_is_said(operator, order):
    come(*ALL)
    assert shown(operator) == []
    assert "does not answer" not in said(operator.get("/banner"))


@both_databases
def test_each_is_named_with_what_waits_for_it_worst_first(operator, order):
    do(order, "complete", "pack")
    assert shown(operator) == [
        "No worker is listening on workflow-automation ; 1 step waits. Nothing is lost. "
        "Start one, or look into its log to see why it ended. What to do",
        "No notifier is listening on workflow-notifications ; no notification waits for it yet. "
        "Nobody is told. Start one, or look into its log to see why it ended. What to do",
        "No scheduler is running. Workers keep the times in its stead. "
        "Start one, or look into its log to see why it ended. What to do",
    ]


@pytest.mark.parametrize("missing", ALL)
def test_one_that_is_missing_is_the_only_one_named(operator, order, missing):
    come(*(name for name in ALL if name != missing))
    (line,) = shown(operator)
    assert line.startswith(f"No {missing} is")


@pytest.mark.parametrize("path", ["/", "/instances", "/instances/1", "/tasks", "/nowhere"])
def test_it_is_said_on_every_page_and_on_error_pages_too(operator, order, path):
    assert len(shown(operator, path)) == 3


def test_strangers_are_told_nothing(visit, order):
    assert "No worker" not in said(visit(None).get("/sign-in"))


@pytest.mark.parametrize("killed", [True, False])
def test_since_when_is_known_of_one_that_was_killed_and_of_one_that_ended(operator, order, killed):
    come(*ALL)
    last = clock.now()
    if not killed:
        leave("worker")
    clock.travel(timedelta(minutes=5))
    come("notifier", "scheduler")
    (line,) = shown(operator)
    assert f"workflow-automation since {last:%m-%d %H:%M}" in line


def test_one_that_ended_is_missed_at_once_and_forgotten_when_another_comes(operator, order):
    come(*ALL)
    leave("worker")
    assert len(shown(operator)) == 1
    come("worker")
    assert shown(operator) == []
    with transaction.reading() as session:
        assert len(processes.alive(session)) == 3


def test_pages_that_stay_open_ask_again(operator, order):
    page = operator.get("/").text
    assert 'data-banner="/banner"' in page and "js/banner.js" in page
    assert "No worker" in said(operator.get("/banner", htmx=True))
    come(*ALL)
    assert "No worker" not in said(operator.get("/banner", htmx=True))


def test_readyz_tells_the_same(operator, order):
    do(order, "complete", "pack")
    come(*ALL)
    gone_at = clock.now()
    leave("worker")
    checks = operator.get("/readyz").json["checks"]
    since = checks["worker"].pop("since")
    assert since[:16] == gone_at.isoformat()[:16] and since.endswith("Z")
    assert checks["worker"] == {"ok": False, "count": 0, "waiting": 1}
    assert checks["notifier"] == {"ok": True, "count": 1}


@pytest.mark.parametrize(
    ("off", "said"),
    [(299.7, "is 5 min ahead of the database's."), (-7200.2, "is 2 h behind the database's.")],
)
def test_a_clock_that_is_off_is_named_with_its_process_and_by_how_much(
    operator, order, monkeypatch, off, said
):
    come("notifier", "scheduler")
    monkeypatch.setattr(clock, "off", lambda: off)
    come("worker")
    (line,) = shown(operator)
    assert line.startswith(f"The clock of worker h:1 {said}")
    assert "so nothing is early or late" in line


# -- Redis


@pytest.fixture
def hanging_redis() -> Iterator[str]:
    """Takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"redis://127.0.0.1:{listener.getsockname()[1]}/0"


def without_redis(settings: Settings, url: str, operator: Person) -> tuple[Flask, Person]:
    given = environment(DATABASE_URL=settings.database_url, REDIS_URL=url)
    app = create_app(Settings.load(given))
    person = Person(app, "operator")
    with operator.client.session_transaction() as cookie:
        user_id = cookie["_user_id"]
    with person.client.session_transaction() as cookie:
        cookie["_user_id"] = user_id
    return app, person


def test_a_redis_that_is_away_is_said_and_work_is_said_to_go_on(operator, order, settings):
    come(*ALL)
    app, person = without_redis(settings, "redis://127.0.0.1:1/0", operator)
    person.get("/")
    wait_until(lambda: app.extensions[watch.EXTENSION].redis_away_since, why="Redis was asked")
    (line,) = shown(person)
    assert line.startswith("Redis does not answer since ")
    assert "Work goes on, up to a second slower, and nothing is lost." in line
    assert person.get("/readyz").json["checks"]["redis"]["since"].endswith("Z")


def test_a_redis_that_hangs_is_asked_by_nobody_who_waits(operator, order, settings, hanging_redis):
    come(*ALL)
    app, person = without_redis(settings, hanging_redis, operator)
    assert person.get("/").status_code == 200
    wait_until(lambda: app.extensions[watch.EXTENSION].redis_away_since, why="it was given up")
    assert len(shown(person)) == 1


def test_redis_is_asked_once_in_five_seconds_whoever_looks_and_by_one_at_a_time():
    asked, may_answer = [], threading.Event()

    def ping() -> None:
        asked.append(1)
        may_answer.wait(20)

    looking = Watch(ping)
    assert [looking.look_at_redis() for _ in range(3)] == [None, None, None]
    may_answer.set()
    looking.look_at_redis()
    assert len(asked) == 1


def test_redis_is_missed_since_it_was_first_missed_and_no_longer_than_it_is_away(monkeypatch):
    monkeypatch.setattr(watch, "ASK_EVERY", 0.0)
    away = True

    def ping() -> None:
        if away:
            raise ConnectionError

    looking = Watch(ping)
    wait_until(looking.look_at_redis, why="it is away")
    since = looking.redis_away_since
    looking.look_at_redis()
    assert looking.redis_away_since == since
    away = False
    wait_until(lambda: looking.look_at_redis() is None, why="it is back")


# -- the database


def take_database_away(settings: Settings) -> Path:
    path = Path(settings.database_url.removeprefix("sqlite:///"))
    db.session.remove()
    db.engine.dispose()
    away = path.rename(path.with_suffix(".away"))
    path.mkdir()
    return away


@pytest.mark.parametrize("path", ["/", "/instances/1", "/sign-in?x=1", "/nowhere"])
def test_a_database_that_is_away_is_said_on_an_error_page_that_offers_to_try_again(
    operator, order, settings, path
):
    away = take_database_away(settings)
    page = operator.get(path)
    if page.status_code == 200:
        return  # the page needs no database
    assert page.status_code == 503 and page.headers["Retry-After"] == "5"
    assert "The database has not answered since" in said(page)
    assert "Nothing is lost; try again in a moment." in said(page)
    assert f'href="{path}' in page.text
    away.with_suffix(".db").rmdir()
    away.rename(away.with_suffix(".db"))
    assert operator.get("/").status_code == 200


def test_parts_of_pages_are_told_so_as_a_toast(operator, order, settings):
    take_database_away(settings)
    answer = operator.get("/banner", htmx=True)
    assert (answer.status_code, answer.headers["HX-Retarget"]) == (503, "#toasts")
    assert "The database has not answered since" in said(answer)
