"""A worker that is asked to stop while RQ is busy with itself."""

import signal

import pytest
from redis import Redis
from rq.exceptions import StopRequested
from rq.worker import WorkerStatus

from app.models.vocabulary import AUTOMATION_QUEUE
from workers.worker import RunsheetWorker


def test_who_is_asked_to_stop_just_before_waiting_for_a_bell_does_not_wait(redis_url: str) -> None:
    with Redis.from_url(redis_url) as redis:
        worker = RunsheetWorker([AUTOMATION_QUEUE], connection=redis)
        worker.set_state(WorkerStatus.STARTED)
        worker.request_stop(signal.SIGTERM, None)

        with pytest.raises(StopRequested):
            worker.dequeue_job_and_maintain_ttl(1, max_idle_time=1)
        redis.delete(worker.key)
