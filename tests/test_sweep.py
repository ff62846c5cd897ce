"""`flask sweep` does the tick's chores once, by hand, and says what it did."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from app import clock
from app.models import ScheduleFire
from tests.conftest import Factory
from tests.support.looking import look, step_of
from tests.support.marks import both_databases
from tests.support.scheduling import HOUR, NINE, go_to, make_schedule
from tests.support.workflows import begin, claim, publish, task, webhook


@pytest.fixture
def factory(with_doors: Factory) -> Factory:
    return with_doors


def sweep(app) -> dict[str, str]:
    """What it says, by the words behind the number."""
    came = app.test_cli_runner().invoke(args=["sweep"])
    assert came.exit_code == 0, came.output
    return {
        words: number for number, _, words in (x.partition(" ") for x in came.output.split("\n"))
    }


@both_databases
def test_it_does_what_a_scheduler_would_and_finds_nothing_the_second_time(app):
    publish(task("pack", dueIn="PT1H"))
    go_to(NINE)
    make_schedule()
    publish(webhook("send"), key="hooks")
    late, lost = begin(), begin("hooks")
    assert claim()
    go_to(NINE + HOUR + timedelta(minutes=1))
    done = sweep(app)
    assert done["schedules fired"] == "1"
    assert done["steps and instances noted as overdue"] == "1"
    assert done["leases of lost workers taken back"] == "1"
    assert look(lambda s: s.scalars(select(ScheduleFire.outcome)).all()) == ["started"]
    assert step_of(late, "pack").overdue
    assert step_of(lost, "send").state == "STARTED"
    again = sweep(app)
    assert {again[words] for words in done if words.endswith(("fired", "overdue", "back"))} == {"0"}
    clock.travel(timedelta(0))
