"""The worker process: RQ's worker on the outside, our runner inside.

`rq worker -w workers.worker.RunsheetWorker … workflow-automation`
"""

import contextlib
import logging
import signal
import threading
from typing import Any

from redis.exceptions import RedisError
from rq.exceptions import DeserializationError, StopRequested
from rq.serializers import JSONSerializer
from rq.worker import SimpleWorker, WorkerStatus

from app import bells, logs, memory
from app.models.vocabulary import NOTIFICATION_QUEUE
from workers import bell_task, process
from workers.job import RunsheetJob
from workers.runner import Runner

log = logging.getLogger(__name__)


class RunsheetWorker(SimpleWorker):
    """Listens for bells; the work itself is the runner's, which never needs one.

    RQ quits where it stumbles over a message, waits up to a minute for a Redis that is away, and
    does not start without one. Here it starts over within a second, and the runner goes on
    meanwhile. (With `--connection-class workers.connection.Connection`, RQ's command gets so far
    as to make this class while Redis is away.)
    """

    max_connection_wait_time = 1.0

    def __init__(self, queues: Any, *args: Any, **kwargs: Any) -> None:
        safe = {"job_class": RunsheetJob, "serializer": JSONSerializer}
        super().__init__(queues, *args, **kwargs | safe)
        for queue in self.queues:
            queue.job_class, queue.serializer = RunsheetJob, JSONSerializer
        self._asked_to_stop = threading.Event()
        self._runner: Runner | None = None

    def work(self, *args: Any, **kwargs: Any) -> bool:
        """Run until asked to stop (or, with `burst`, until nothing is queued)."""
        self._install_signal_handlers()
        once = bool(kwargs.get("burst") or kwargs.get("max_jobs") or kwargs.get("max_idle_time"))
        kwargs["logging_level"] = kwargs.get("logging_level") or "WARNING"
        queue = self.queues[0].name
        kind = "notifier" if queue == NOTIFICATION_QUEUE else "worker"
        logs.set_up(kind, process.core().config["SETTINGS"])
        self._runner = Runner(process.core(), queue)
        log.info("Listening", extra=logs.facts(queue=queue, name=self._runner.name))
        memory.settle()
        bell_task.serve(self._runner)
        self._runner.start()
        worked = False
        try:
            with contextlib.suppress(StopRequested):
                while not self._asked_to_stop.is_set():
                    worked = self._listen(*args, **kwargs) or worked
                    if once:
                        break
                    self._asked_to_stop.wait(1.0)
        finally:
            log.info("Ending")
            self._runner.stop()
        return worked

    def execute_job(self, job: Any, queue: Any) -> None:
        """A bell is heard and thrown away: there is nothing to keep about it. RQ's books on each
        message take some forty commands, and the interpreter from the runner just when it is
        needed. Whatever else lies in the queue is RQ's to deal with."""
        if self._runner is None or not self._is_bell(job):
            super().execute_job(job, queue)
            return
        self._runner.hear()
        with self.connection.pipeline() as together:
            together.lrem(queue.intermediate_queue_key, 1, job.id)
            together.delete(job.key)
            together.execute()

    def _is_bell(self, job: Any) -> bool:
        try:
            return job.func_name == bells.TASK and list(job.args) == [self.queues[0].name]
        except DeserializationError:
            return False

    def heartbeat(self, timeout: int | None = None, pipeline: Any = None) -> None:
        """RQ's, in one exchange with Redis instead of three: a bell waits for it."""
        if pipeline is not None:
            super().heartbeat(timeout, pipeline)
            return
        with self.connection.pipeline(transaction=False) as together:
            super().heartbeat(timeout, together)
            together.execute()

    def set_state(self, state: str, pipeline: Any = None) -> None:
        """RQ is idle as it begins to wait for a bell, which may be long: whoever was asked to stop
        after it had looked for that would only stop at the next one."""
        super().set_state(state, pipeline)
        if state == WorkerStatus.IDLE and self._asked_to_stop.is_set():
            raise StopRequested

    def register_birth(self) -> None:
        """After Redis was away we may still be in its books, which is nobody else's doing."""
        if self.birth_date is not None:
            self.connection.delete(self.key)
        super().register_birth()

    def _set_ip_address(self, connection: Any) -> None:
        self.ip_address = "unknown"
        with contextlib.suppress(RedisError):
            super()._set_ip_address(connection)

    def _listen(self, *args: Any, **kwargs: Any) -> bool:
        try:
            return super().work(*args, **kwargs)
        except (StopRequested, SystemExit):
            return False
        except Exception as error:  # noqa: BLE001 - whatever RQ trips over, the runner goes on
            self.log.warning("Bells can't be heard: %s", error)
            return False

    def _install_signal_handlers(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self.request_stop)

    def request_stop(self, signum: Any, frame: Any) -> None:
        """SIGTERM or SIGINT, once or often, is the same wish. A platform signals every process
        and then waits, so a second signal must not cut short what the first one began."""
        first = not self._asked_to_stop.is_set()
        self._asked_to_stop.set()
        self._stop_requested = True
        if self._runner is not None:
            self._runner.stop_claiming()
        if first and self.get_state() == WorkerStatus.IDLE:
            raise StopRequested

    request_force_stop = request_stop
