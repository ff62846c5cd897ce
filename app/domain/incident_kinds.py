"""What can be wrong with Runsheet itself, by the names that its alerts have too, and what to do."""

from collections.abc import Mapping
from dataclasses import dataclass

from app.runbook import path


@dataclass(frozen=True, slots=True)
class Kind:
    """`title`: what is wrong, in a few words; `cure`: what to do about it, in a sentence or two."""

    title: str
    cure: str


NO_WORKER = "RunsheetNoWorker"
NO_NOTIFIER = "RunsheetNoNotifier"
NO_SCHEDULER = "RunsheetNoScheduler"
WORKERS_LOST = "RunsheetWorkersLost"
BACKLOG = "RunsheetQueueBacklog"
STEPS_POISONED = "RunsheetStepsPoisoned"
DELIVERIES_FAILING = "RunsheetDeliveriesFailing"

KINDS: Mapping[str, Kind] = {
    NO_WORKER: Kind(
        "No worker is listening",
        "Start one, or look into its log to see why it ended. Steps wait until then; nothing is "
        "lost.",
    ),
    NO_NOTIFIER: Kind(
        "No notifier is listening",
        "Start one, or look into its log to see why it ended. Nobody is told anything until then, "
        "except in the banner of the console.",
    ),
    NO_SCHEDULER: Kind(
        "No scheduler is running",
        "Start one, or look into its log to see why it ended. Workers keep the times in its stead.",
    ),
    WORKERS_LOST: Kind(
        "A process died",
        "Look into its log and the machine's for why it ended (memory, a crash, a kill). What it "
        "held went to others; look whether a step is marked as poisoned.",
    ),
    BACKLOG: Kind(
        "Work is due and is not taken up",
        "Workers are alive, and yet leave it: look at what they run on the page of queues, restart "
        "those that are stuck, or start another if they are only busy.",
    ),
    STEPS_POISONED: Kind(
        "A step took its workers down",
        "It was set aside, and all others go on. Find out why the workers ended, then retry the "
        "step or skip it.",
    ),
    DELIVERIES_FAILING: Kind(
        "Notifications fail",
        "Look at the failed deliveries for what the server says, send a test from the settings "
        "page, then send again what failed.",
    ),
}


def runbook(kind: str, base_url: str = "") -> str:
    """Where the runbook says more."""
    return base_url + path(kind.lower())
