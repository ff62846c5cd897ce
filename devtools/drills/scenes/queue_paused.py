"""A queue paused and forgotten: what is due waits until somebody resumes it."""

from contextlib import suppress

from devtools.drills.drill import Drill
from devtools.drills.site import DrillFailed

QUEUE = "workflow-automation"
PAUSED = 'runsheet_queue_paused{queue="workflow-automation"} == 1'
WAITS = 'runsheet_oldest_due_seconds{queue="workflow-automation"} > 1'


def run(drill: Drill) -> None:
    key = drill.publish("paused")
    drill.undo.callback(resume, drill)
    drill.fault("somebody pauses the queue and goes home")
    pause = {"reason": "A drill: the bank is closed."}
    drill.site.api("POST", f"/queues/{QUEUE}/pause", pause)
    orders = drill.begin(key, 3)
    drill.alert("RunsheetQueuePaused", PAUSED)
    waits = lambda: drill.holds(WAITS)  # noqa: E731
    drill.see("the oldest waits longer and longer", waits)
    drill.see("the banner says why", drill.banner_says("A drill: the bank is closed."))
    drill.see("the page Queues leads here", drill.leads_to("/queues", "runsheetqueuepaused"))
    drill.cure("resume the queue")
    drill.site.api("POST", f"/queues/{QUEUE}/resume", {"reason": "A drill: it is open again."})
    drill.over("what waited is completed", drill.all_are("COMPLETED", orders))
    drill.silent("RunsheetQueuePaused", PAUSED)
    drill.over("nothing waits any more", lambda: not waits())


def resume(drill: Drill) -> None:
    with suppress(DrillFailed):  # it is not paused any more
        drill.site.api("POST", f"/queues/{QUEUE}/resume", {"reason": "The drill is over."})
