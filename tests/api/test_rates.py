"""So many requests a minute: counted over all web processes, told in every answer, and never in
the way while Redis is away."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from redis import Redis

from app import clock, request_counts
from app.config import Settings
from app.extensions import db
from app.request_counts import RequestCounts
from tests.api.conftest import Caller
from tests.conftest import Factory
from tests.support.dead_hosts import silent

QUOTA, STRANGERS = 3, 2


@pytest.fixture
def settings(settings: Settings, redis_url: str) -> Settings:
    with Redis.from_url(redis_url) as redis:
        for key in redis.scan_iter("rate:*"):
            redis.delete(key)
    limits = {"api_rate_limit": QUOTA, "api_rate_limit_strangers": STRANGERS}
    return replace(settings, redis_url=redis_url, **limits)


@pytest.fixture(autouse=True)
def minute_begins(app: Flask) -> None:
    """So that none ends while a test counts in it."""
    next_minute()


def next_minute() -> None:
    left = 60 - clock.now().timestamp() % 60
    clock.travel(timedelta(seconds=clock._travelled + left))


@pytest.fixture(autouse=True)
def patience(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a Redis that is slow since the machine is crowded, where that is not the matter."""
    if request.function not in ABOUT_TIME:
        monkeypatch.setattr(request_counts, "TIMEOUT", 5)


@pytest.fixture
def other_process(settings: Settings, factory: Factory, app: Flask) -> Iterator[Flask]:
    """Another web process on the same database and the same Redis."""
    other = factory(settings)
    other.config.update(TESTING=True)
    yield other
    with other.app_context():
        db.engine.dispose()


def test_a_token_may_ask_so_often_in_all_processes_together(admin, other_process):
    there = Caller(other_process, admin.token)
    answers = [
        admin.get("/queues"),
        there.get("/queues"),
        admin.get("/queues"),
        there.get("/queues"),
    ]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    for left, answer in zip((2, 1, 0, 0), answers, strict=True):
        assert answer.headers["RateLimit-Policy"] == '"token";q=3;w=60'
        name, told_left, told_time = answer.headers["RateLimit"].split(";")
        assert (name, told_left) == ('"token"', f"r={left}")
        assert 0 < int(told_time.removeprefix("t=")) <= 60
    refused = answers[-1]
    assert refused.content_type == "application/problem+json"
    assert refused.json["type"] == "/problems/too-many-requests"
    assert f";t={refused.headers['Retry-After']}" in refused.headers["RateLimit"]


def test_each_token_has_its_own_and_a_minute_later_all_of_it_again(admin, caller):
    statuses = [admin.get("/queues").status_code for _ in range(QUOTA + 1)]
    assert statuses == [200, 200, 200, 429]
    assert caller("viewer").get("/queues").status_code == 200
    next_minute()
    assert admin.get("/queues").status_code == 200


def test_what_is_refused_or_not_there_counts_and_tells_too(admin):
    assert ";r=2;" in admin.get("/instances/7").headers["RateLimit"]
    assert ";r=1;" in admin.post("/instances", {}).headers["RateLimit"]


def test_guessing_tokens_and_addresses_is_counted_by_where_it_comes_from(app, admin):
    url = "/api/workflows/callbacks/" + "x" * 43
    for guesses in (
        lambda: Caller(app, "rs_guess").get("/queues"),
        lambda: Caller(app, None).post(url, {}),
        lambda: Caller(app, None).get("/api/nothing"),
        lambda: Caller(app, None).get("/api/openapi.json"),
    ):
        next_minute()
        statuses = [guesses().status_code for _ in range(STRANGERS + 1)]
        assert statuses[-1] == 429 and 429 not in statuses[:-1], statuses
        assert admin.get("/queues").status_code == 200, "who has a token may go on"


def test_addresses_of_one_network_count_as_one(app):
    stranger = Caller(app, None)
    for host, status in (("::1", 401), ("::2", 401), ("::3", 429), ("1::1", 401)):
        base = {"REMOTE_ADDR": f"2001:db8:0:1{host}"}
        assert stranger.get("/queues", environ_base=base).status_code == status
    for last, status in (("1", 401), ("2", 401), ("1", 401), ("1", 429), ("2", 401)):
        mapped = {"REMOTE_ADDR": f"::ffff:192.0.2.{last}"}
        assert stranger.get("/queues", environ_base=mapped).status_code == status, last
    assert stranger.get("/queues", environ_base={"REMOTE_ADDR": "192.0.2.1"}).status_code == 429
    odd = {"REMOTE_ADDR": "unknown, by a proxy"}
    assert stranger.get("/queues", environ_base=odd).status_code == 401


def test_whether_the_process_is_well_may_be_asked_ever_so_often(app):
    stranger = Caller(app, None)
    for path in ("/healthz", "/metrics") * QUOTA:
        answer = stranger.get(path)
        assert answer.status_code == 200 and "RateLimit" not in answer.headers


def test_a_metrics_token_may_be_guessed_at_only_so_often_and_is_then_not_compared(app):
    app.config["SETTINGS"] = replace(app.config["SETTINGS"], metrics_token="chosen by people")
    right, wrong = Caller(app, "chosen by people"), Caller(app, "guessed by others")
    assert [right.get("/metrics").status_code for _ in range(STRANGERS + 1)] == [200] * 3
    statuses = [wrong.get("/metrics").status_code for _ in range(STRANGERS + 1)]
    assert statuses == [401, 401, 429]
    refused = right.get("/metrics")
    assert refused.status_code == 429, "a guess that is right is told from no other"
    assert refused.headers["RateLimit"].startswith('"metrics-token";r=0;')
    elsewhere = {"REMOTE_ADDR": "192.0.2.7"}
    assert right.get("/metrics", environ_base=elsewhere).status_code == 200
    next_minute()
    assert right.get("/metrics").status_code == 200


def test_zero_is_no_limit(app, admin):
    app.config["SETTINGS"] = replace(app.config["SETTINGS"], api_rate_limit=0)
    for _ in range(QUOTA + 1):
        answer = admin.get("/queues")
        assert answer.status_code == 200 and "RateLimit" not in answer.headers


def test_while_redis_is_away_everybody_is_let_in_and_it_is_not_asked_each_time(settings):
    with silent() as host:
        counts = RequestCounts(replace(settings, redis_url=f"redis://127.0.0.1:{host.port}/0"))
        assert counts.count("token:1") is None
    counts._settings, counts._connection = settings, None  # it is back
    assert counts.count("token:1") is None
    counts._silent_until = 0.0  # some seconds later
    assert counts.count("token:1") is not None


def test_an_exchange_with_redis_takes_a_tenth_of_a_second_at_most(settings):
    counts = RequestCounts(settings)
    assert counts.count("token:1") is not None
    assert counts._connection is not None
    options = counts._connection.connection_pool.connection_kwargs
    assert options["socket_timeout"] + options["socket_connect_timeout"] <= 0.1
    assert options["retry"]._retries == 0


ABOUT_TIME = (
    test_while_redis_is_away_everybody_is_let_in_and_it_is_not_asked_each_time,
    test_an_exchange_with_redis_takes_a_tenth_of_a_second_at_most,
)
