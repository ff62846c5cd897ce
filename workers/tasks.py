"""The only functions that RQ may call."""

from workers import bell_task

# Checked by workers.job.RunsheetJob before anything is imported.
NAMES = frozenset({"workers.tasks.bell", "workers.tasks.tick"})


def bell(queue: str) -> None:
    """'Queue has work': wake this process's runner, or drain the queue here and now."""
    bell_task.hear(queue)


def tick() -> None:
    """The recurring net beneath everything: due work, expired leases."""
    bell_task.tick()
