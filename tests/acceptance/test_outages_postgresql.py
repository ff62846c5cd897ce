"""PostgreSQL goes away in mid-work and comes back. `bin/bench chaos` does it in more ways."""

import pytest

from tests.conftest import migrate
from tests.support.chaos_lab import Lab
from tests.support.outages import postgres_that_can_go
from tests.support.outages_console import console
from tests.support.outages_work import PostgresOutage


@pytest.fixture
def server():
    with postgres_that_can_go() as server:
        yield server


@pytest.fixture
def database_url(server) -> str:
    migrate(server.url)
    return server.url


@pytest.mark.parametrize("how", ["immediate", "freeze"])
def test_postgresql_may_go_for_ten_seconds_in_mid_work(
    server, ringing_app, environ, receiver, tmp_path, capsys, how
):
    environ |= {"LEASE_SECONDS": "15", "WORKER_THREADS": "4"}
    lab = Lab(environ, receiver, tmp_path / "processes.log")
    with console(environ, lab.log) as running:
        outage = PostgresOutage(lab, running, server, how, seconds=10)
        account = outage.run()

    with capsys.disabled():
        print(f"\n{how}: resumed after {outage.resumed_after:.1f} s; {outage.answers}; {account}")
    assert account.completed == outage.steps
    assert account.completed_twice == account.poisoned == 0
    assert account.tokens_per_step == 1
    assert outage.resumed_after <= 15
    assert set(outage.answers) <= {"api 200", "api 503", "page 200", "page 503", "healthz 200"}
    assert {answer.split()[0] for answer in outage.answers} == {"api", "page", "healthz"}
