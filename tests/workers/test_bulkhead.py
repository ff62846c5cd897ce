"""How many attempts of one destination a worker holds and runs."""

from collections import Counter
from datetime import timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from app import clock, transaction
from app.config import ConfigError, Settings
from app.domain import claims
from app.domain.destinations import located
from app.models.vocabulary import AUTOMATION_QUEUE
from tests.conftest import environment
from tests.support.looking import jobs, look
from tests.support.marks import both_databases
from tests.support.workflows import begin, claim, publish, webhook
from workers.bulkhead import Bulkhead

LIMIT = 3
HOSTS = st.sampled_from(["a.example.com:443", "b.example.com:443", "smtp", None])


class Counting(RuleBasedStateMachine):
    """What a crew does, in any order, beside a plain count of it."""

    def __init__(self) -> None:
        super().__init__()
        self.bulkhead = Bulkhead(LIMIT)
        self.waiting: Counter[str | None] = Counter()
        self.running: Counter[str | None] = Counter()

    @rule(host=HOSTS, some=st.integers(1, 9))
    def claim(self, host, some):
        for _ in range(some):
            if host is None or host not in self.bulkhead.full():
                self.bulkhead.hold(host)
                self.waiting[host] += 1

    @precondition(lambda self: self.waiting.total())
    @rule(data=st.data())
    def begin(self, data):
        host = data.draw(st.sampled_from([*self.waiting.elements()]))
        assert self.bulkhead.may_begin(host) == (host is None or self.running[host] < LIMIT)
        if self.bulkhead.may_begin(host):
            self.bulkhead.begin(host)
            self.waiting[host] -= 1
            self.running[host] += 1

    @precondition(lambda self: self.running.total())
    @rule(data=st.data(), seconds=st.sampled_from([0.0, 0.001, 0.04, 0.5, 20.0]))
    def end(self, data, seconds):
        host = data.draw(st.sampled_from([*self.running.elements()]))
        self.bulkhead.end(host, seconds)
        self.running[host] -= 1

    @precondition(lambda self: self.waiting.total())
    @rule(data=st.data(), late=st.booleans())
    def hand_back(self, data, late):
        host = data.draw(st.sampled_from([*self.waiting.elements()]))
        self.bulkhead.release(host)
        if late:
            self.bulkhead.distrust(host)
        self.waiting[host] -= 1

    @invariant()
    def counts_agree(self):
        for host in filter(None, {*self.waiting, *self.running}):
            assert self.bulkhead.running(host) == self.running[host] <= LIMIT
            assert self.bulkhead.held(host) == self.waiting[host] + self.running[host] >= 0
            assert self.bulkhead.held(host) or host not in self.bulkhead.full()

    def teardown(self):
        for host in [*self.running.elements()]:
            self.bulkhead.end(host, 0.1)
        for host in [*self.waiting.elements()]:
            self.bulkhead.release(host)
        assert self.bulkhead.full() == []
        assert not any(map(self.bulkhead.held, ["a.example.com:443", "b.example.com:443", "smtp"]))


def test_counts_are_never_negative_never_above_the_limit_and_end_at_nothing():
    run_state_machine_as_test(Counting, settings=settings(max_examples=200, deadline=None))


def carried_out(bulkhead: Bulkhead, host: str, seconds: float, times: int) -> None:
    for _ in range(times):
        bulkhead.hold(host)
        bulkhead.begin(host)
        bulkhead.end(host, seconds)


def test_a_fast_destination_may_be_held_without_limit_until_its_claims_are_not_begun_in_time():
    bulkhead = Bulkhead(LIMIT)
    carried_out(bulkhead, "quick:80", 0.002, times=20)
    for _ in range(LIMIT * 5):
        bulkhead.hold("quick:80")
    assert bulkhead.full() == []

    bulkhead.distrust("quick:80")

    assert bulkhead.full() == ["quick:80"]


def test_a_slow_destination_is_forgiven_once_it_is_quick_again():
    bulkhead = Bulkhead(LIMIT)
    carried_out(bulkhead, "host:80", 20.0, times=3)
    for _ in range(LIMIT):
        bulkhead.hold("host:80")
    assert bulkhead.full() == ["host:80"]

    carried_out(bulkhead, "host:80", 0.002, times=80)

    assert bulkhead.full() == []


def test_no_more_destinations_are_remembered_than_have_a_use(monkeypatch):
    monkeypatch.setattr("workers.bulkhead.REMEMBERED", 10)
    bulkhead = Bulkhead(LIMIT)
    bulkhead.hold("busy:80")
    for number in range(100):
        carried_out(bulkhead, f"host-{number}:80", 0.1, times=1)

    assert bulkhead.held("busy:80") == 1
    assert len(bulkhead._lanes) <= 10


@both_databases
def test_of_a_claim_the_oldest_are_kept_and_what_goes_nowhere_is_never_too_much(app):
    publish(*[webhook(f"step-{n}") for n in range(LIMIT + 2)])
    past = {"runAt": "2026-01-01T00:00:00Z"}
    publish(
        {"key": "w", "name": "W", "actionType": "WAIT_TIMER", "actionConfig": past}, key="timer"
    )
    begin()
    begin("timer")
    found = claim()

    fit, beyond = Bulkhead(LIMIT).fitting(found)

    assert [one.action_config.get("url", "")[-1:] for one in fit] == ["0", "1", "2", ""]
    assert [one.action_config["url"][-1] for one in beyond] == ["3", "4"]


def due(*full: str) -> timedelta | None:
    found = look(lambda session: claims.next_due(session.connection(), AUTOMATION_QUEUE, full=full))
    return found.at - clock.now() if found else None


@both_databases
def test_what_goes_to_a_full_destination_is_neither_claimed_nor_looked_at(app):
    publish(webhook("dead", config={"url": "http://DEAD.example.com/x"}), key="dead")
    publish(webhook("live", config={"url": "http://live.example.com:8080/x"}), key="live")
    publish(webhook("by_input", config={"url": "https://{{ input.h }}.example.com/"}), key="filled")
    begin("dead")
    assert due("dead.example.com:80") is None
    assert due() is not None
    begin("live")
    begin("filled", h="dead")

    def take(*full: str) -> list[str | None]:
        with transaction.writing() as session:
            found = claims.claim(
                session.connection(),
                queue=AUTOMATION_QUEUE,
                worker="w",
                limit=9,
                lease_seconds=15,
                full=full,
            )
        return [one.destination for one in found]

    assert take("dead.example.com:80", "other:1") == ["live.example.com:8080", None]
    assert take() == ["dead.example.com:80"]


@both_databases
def test_where_a_filled_url_goes_is_remembered_when_its_job_is_given_back(app):
    publish(webhook("send", config={"url": "https://{{ input.h }}.example.com/"}))
    begin(h="Dead")
    (held,) = claim()
    context = {"input": {"h": "Dead"}}
    found = located(held, {held.id: context})
    with transaction.writing() as session:
        claims.hand_back(session.connection(), [found])

    (job,) = jobs()
    assert job.destination == "dead.example.com:443"
    assert (job.run_at, job.queued_at, job.lease_token) == (held.run_at, held.queued_at, None)
    assert (job.attempt, job.allowed) == (held.attempt, held.allowed)


def test_the_limit_is_three_quarters_of_the_threads_unless_it_is_said():
    def limit(**more: str) -> int:
        return Settings.load(environment(DATABASE_URL="sqlite://", **more)).attempts_per_host

    assert limit() == 12
    assert limit(WORKER_THREADS="8") == 6
    assert limit(WORKER_THREADS="1") == 1
    assert limit(WORKER_THREADS="8", ATTEMPTS_PER_HOST="8") == 8
    with pytest.raises(ConfigError, match="ATTEMPTS_PER_HOST"):
        limit(ATTEMPTS_PER_HOST="-1")
