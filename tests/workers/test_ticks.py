"""The tick: what schedulers do each second, and whoever stands in for them."""

from datetime import timedelta

import pytest

from app.domain import firing
from tests.support.marks import both_databases
from tests.support.scheduling import NINE, fires, go_to, hours, make_schedule, outcomes
from tests.support.workflows import publish, task
from workers import chores
from workers import fires as firing_worker

HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def _a_monday_at_nine(app):
    publish(task("pack"))
    go_to(NINE)


@both_databases
@pytest.mark.parametrize(
    ("catch_up", "started", "skipped"),
    [("skip", [], 1), ("one", [12], 1), ("all", [10, 11, 12], 0)],
)
def test_the_first_tick_after_three_hours_does_what_catch_up_says_and_the_next_no_more(
    app, catch_up, started, skipped
):
    schedule = make_schedule(catchUp=catch_up)
    chores.tick()
    assert fires(schedule) == []

    go_to(NINE + timedelta(hours=3, minutes=30))
    for _ in range(2):
        chores.tick()
        assert hours(schedule) == started
        assert outcomes(schedule).count("skipped") == skipped

    go_to(NINE + 4 * HOUR)
    chores.tick()
    assert hours(schedule) == [*started, 13]


@both_databases
def test_a_tick_fires_all_that_is_due_however_many_there_are(app, monkeypatch):
    monkeypatch.setattr(firing, "BATCH", 2)
    schedules = [make_schedule() for _ in range(5)]
    go_to(NINE + HOUR)
    chores.tick()
    assert [outcomes(one) for one in schedules] == [["started"]] * 5


def test_it_looks_after_its_other_duties_before_the_rest_of_very_much(app, monkeypatch):
    monkeypatch.setattr(firing, "BATCH", 2)
    monkeypatch.setattr(firing_worker, "LONGEST", 0.0)
    schedules = [make_schedule() for _ in range(3)]
    go_to(NINE + HOUR)
    for started in (2, 3):
        wait = firing_worker.fire_due()
        assert sum(len(fires(one)) for one in schedules) == started
    assert 0 < wait <= firing_worker.LOOK_EVERY


def test_it_wakes_at_the_very_moment_at_which_the_next_is_due(app):
    make_schedule()
    go_to(NINE + HOUR - timedelta(seconds=0.4))
    assert firing_worker.LOCKED_FOR < firing_worker.fire_due() <= 0.4
    go_to(NINE)
    assert firing_worker.fire_due() == firing_worker.LOOK_EVERY
