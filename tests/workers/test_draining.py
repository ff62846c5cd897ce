"""Under a plain `rq worker` a bell drains the queue inline."""

from datetime import timedelta

from app import clock
from app.models.vocabulary import AUTOMATION_QUEUE
from tests.support.looking import states
from tests.support.marks import both_databases
from tests.support.receiver import receiving
from tests.support.workflows import begin, publish, webhook
from workers.runner import Runner


@both_databases
def test_what_falls_due_in_a_moment_by_this_process_s_clock_is_waited_for(app):
    """Whoever rang for it may be a little ahead of us, and nobody rings again."""
    with receiving() as receiver:
        publish(webhook("send", config={"url": receiver.url}))
        clock.travel(timedelta(seconds=0.8))
        instance_id = begin()
        clock.travel(timedelta())

        assert not Runner(app, AUTOMATION_QUEUE).drain(30)

    assert states(instance_id) == {"send": "COMPLETED"}
