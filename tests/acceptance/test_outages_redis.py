"""Redis goes away in mid-work and comes back. `bin/bench chaos` does it for longer."""

from app import bells
from app.config import Settings
from tests.support.chaos_lab import Lab
from tests.support.marks import both_databases
from tests.support.outages import redis_that_can_go
from tests.support.outages_console import console
from tests.support.outages_work import RedisOutage


@both_databases
def test_redis_may_go_come_back_empty_and_come_back_with_an_old_dump(
    app, environ, receiver, tmp_path, capsys
):
    (tmp_path / "redis-that-goes").mkdir()
    with redis_that_can_go(tmp_path / "redis-that-goes") as server:
        environ |= {"REDIS_URL": server.url, "LEASE_SECONDS": "15"}
        bells.use(bells.RqBell(Settings.load(environ)))
        lab = Lab(environ, receiver, tmp_path / "processes.log")
        with console(environ, lab.log) as running:
            outage = RedisOutage(lab, running, server, seconds=8)
            account = outage.run()

    with capsys.disabled():
        print(f"\n{outage.steps} steps, {outage.done_meanwhile} while Redis was away: {account}")
    assert account.completed == outage.steps
    assert account.completed_twice == 0
    assert account.repeats == 0
    assert set(outage.reads) == {200}
    assert outage.resumed_after <= 15
