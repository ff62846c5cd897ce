"""The shortest story: a step runs, a person does theirs, the instance completes."""

from sqlalchemy import select

from app import transaction
from app.domain import queries, steps
from app.models import AutomationJob
from tests.support.marks import both_databases
from tests.support.workflows import OPERATOR, begin, publish, task, webhook, work


@both_databases
def test_an_instance_completes_when_its_last_step_does(app):
    publish(webhook("reserve"), task("pack", "reserve"), webhook("ship", "pack"))
    instance_id = begin()

    assert work() == 1
    with transaction.writing() as session:
        steps.complete(session, instance_id, "pack", OPERATOR)
    assert work() == 1

    with transaction.reading() as session:
        instance = queries.read_instance(session, instance_id)
        assert instance.state == "COMPLETED"
        assert [step.state for step in instance.steps] == ["COMPLETED"] * 3
        assert session.scalars(select(AutomationJob)).all() == []
