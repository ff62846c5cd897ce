"""What recurs is done though no scheduler runs, by one of the workers."""

from tests.acceptance.test_workers import wait_for_worker
from tests.support.looking import kinds
from tests.support.processes import SCHEDULER, WORKER
from tests.support.waiting import wait_until
from tests.support.workflows import begin, publish, task


def test_one_worker_does_the_chores_while_no_scheduler_does(app, start):
    worker = start(WORKER)
    start(WORKER)
    wait_for_worker(2)
    publish(task("approve", dueIn="PT1S"))
    instance_id = begin()

    wait_until(
        lambda: "step.overdue" in kinds(instance_id), seconds=60, why="somebody should notice"
    )

    assert worker.log.read_text().count("standing in") == 1
    start(SCHEDULER)
    wait_until(lambda: "No longer standing in" in worker.log.read_text(), why="it is not needed")
