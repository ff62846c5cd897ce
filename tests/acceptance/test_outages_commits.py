"""The database is lost at the worst moment: a commit was made, and nobody heard so."""

import pytest
from sqlalchemy import select

from app import transaction
from app.domain import queries
from app.models import Event
from tests.acceptance.test_workers import wait_for_state, wait_for_worker
from tests.support.cutter import cutting
from tests.support.processes import WORKER
from tests.support.workflows import begin, publish, webhook


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize("times", [1, 3])
def test_a_commit_that_nobody_heard_of_is_not_made_twice(
    ringing_app, database_url, receiver, start, times
):
    publish(webhook("reserve", config={"url": receiver.url}))
    with cutting(database_url) as cutter:
        start(WORKER, DATABASE_URL=cutter.url)
        wait_for_worker()
        cutter.cut("automation_execution_log", times)
        instance_id = begin()
        wait_for_state(instance_id, "COMPLETED")
        # What is written twice comes with the next try, half a second later.
        second = begin()
        wait_for_state(second, "COMPLETED")

    assert cutter.cuts == times
    assert len(receiver.requests) == 2
    with transaction.reading() as session:
        steps = queries.read_instance(session, instance_id).steps
        kinds = session.scalars(
            select(Event.kind).where(Event.instance_id == instance_id).order_by(Event.seq)
        ).all()
    assert [attempt.outcome for attempt in steps[0].automation_log] == ["succeeded"]
    assert [kind for kind in kinds if kind.startswith(("step.", "attempt."))] == [
        "step.ready",
        "step.started",
        "step.completed",
    ]
