"""What a bell does in the process that hears it."""

# All of it at once, though a bell often needs little: a plain `rq worker` forks for each bell, and
# what it has not imported before is imported anew each time, for longer than the work takes.
import logging

from app import bells, logs
from workers.chores import tick as tick_once
from workers.process import core
from workers.runner import Runner

DRAIN_SECONDS = 30

# The runner of this process, if it has one (RunsheetWorker sets it).
_runner: Runner | None = None


def serve(runner: Runner | None) -> None:
    """Let bells of this process wake `runner`."""
    global _runner
    _runner = runner


def hear(queue: str) -> None:
    """Wake the runner. Under a plain `rq worker` there is none: then the queue is drained inline,
    for half a minute at most, and rung again if there is more."""
    if _runner is not None and _runner.queue == queue:
        _runner.hear()
        return
    app = core()
    if not logging.getLogger().handlers:  # nobody has set up where lines go
        logs.set_up("worker", app.config["SETTINGS"])
    runner = Runner(app, queue)
    bells.forget_ring(queue)
    if runner.drain(DRAIN_SECONDS):
        with app.app_context():
            bells.ring(queue)


def tick() -> None:
    """The recurring net, where a plain worker hears it."""
    with core().app_context():
        tick_once()
