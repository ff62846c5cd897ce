"""The only place that reads the time."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from app import clock, transaction
from tests.support.looking import look
from tests.support.marks import both_databases


@pytest.fixture(autouse=True)
def _as_it_was(monkeypatch):
    monkeypatch.setattr(clock, "_offset", None)
    monkeypatch.setattr(clock, "_synced_at", float("-inf"))
    yield
    clock.travel(timedelta(0))


def test_now_is_aware_and_in_utc():
    now = clock.now()
    assert now.tzinfo is UTC
    assert abs(now - datetime.now(UTC)) < timedelta(seconds=1)


def test_now_never_goes_back_while_the_process_lives():
    seen = [clock.now() for _ in range(100)]
    assert seen == sorted(seen)
    assert clock.monotonic() <= clock.monotonic()


def test_a_test_can_travel_and_come_back():
    before = clock.now()
    clock.travel(timedelta(days=3))
    assert timedelta(days=3) <= clock.now() - before < timedelta(days=3, seconds=5)
    clock.travel(timedelta(0))
    assert clock.now() - before < timedelta(seconds=5)


@both_databases
def test_it_follows_the_databases_clock(app):
    look(lambda session: session.connection())
    query = {"sqlite": "SELECT strftime('%s', 'now')", "postgresql": "SELECT clock_timestamp()"}

    def theirs(session):
        found = session.execute(text(query[session.get_bind().dialect.name])).scalar()
        return found if isinstance(found, datetime) else datetime.fromtimestamp(int(found), UTC)

    assert abs(look(theirs) - clock.now()) < timedelta(seconds=2)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_wrong_wall_clock_does_not_matter_where_the_database_has_one(app, monkeypatch):
    right = clock.now()
    with transaction.reading():
        pass
    monkeypatch.setattr(clock.time, "time", lambda: 0.0)

    assert abs(clock.now() - right) < timedelta(seconds=5)


@both_databases
def test_how_far_the_machines_clock_is_off_is_known_where_the_database_has_one(app, monkeypatch):
    assert clock.off() is None
    with transaction.reading() as session:
        has_one = session.get_bind().dialect.name == "postgresql"
    monkeypatch.setattr(clock, "_wrong_by", 300.0)

    assert (clock.off() is not None) == has_one
    assert not has_one or abs((clock.off() or 0) - 300) < 5


def test_a_clock_is_put_wrong_by_tests_alone(caplog):
    assert clock.wrong_by({}) == 0
    assert clock.wrong_by({"RUNSHEET_CLOCK_OFF": "300", "RUNSHEET_TESTING": "1"}) == 300
    assert clock.wrong_by({"RUNSHEET_CLOCK_OFF": "300"}) == 0
    assert "for tests alone" in caplog.text


class Connection:
    """A database whose clock is an hour ahead, and slow to answer."""

    class dialect:  # noqa: N801 - SQLAlchemy's name
        name = "postgresql"

    def __init__(self) -> None:
        self.asked = 0

    def execute(self, _query: object) -> "Connection":
        self.asked += 1
        return self

    def scalar_one(self) -> datetime:
        return datetime.now(UTC) + timedelta(hours=1)


def test_it_is_measured_again_every_five_seconds_at_most(monkeypatch):
    connection = Connection()
    for _ in range(3):
        clock.sync(connection)  # type: ignore[arg-type]
    assert connection.asked == 1
    ahead = clock.now() - datetime.now(UTC)
    assert timedelta(minutes=59) < ahead < timedelta(minutes=61)

    monkeypatch.setattr(clock, "_synced_at", clock.monotonic() - 6)
    clock.sync(connection)  # type: ignore[arg-type]
    assert connection.asked == 2
