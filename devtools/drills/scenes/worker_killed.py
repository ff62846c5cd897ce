"""A worker is killed (kill -9) while it works: its step goes on under the same id."""

from devtools.drills.drill import FOLDER, Drill
from devtools.drills.site import DrillFailed

QUEUE = "workflow-automation"
LOST = 'runsheet_recovered_leases_total{queue="workflow-automation"}'


def run(drill: Drill) -> None:
    site = drill.site
    lost_before = drill.value(LOST)
    key = drill.publish("killed", retry={"maxAttempts": 3, "schedule": [1, 1]})
    drill.undo.callback(site.answer_with, "default", f"{FOLDER}/killed")
    site.answer_with("slow", f"{FOLDER}/killed")
    (order,) = drill.begin(key)
    drill.see("a worker carries the step out", lambda: holders(drill, order))
    pid = holders(drill, order)[0]
    drill.fault(f"kill -9 {pid}, the worker that has it")
    site.kill(pid)
    site.answer_with("default", f"{FOLDER}/killed")
    drill.alert_if_grows("RunsheetWorkersLost", LOST, lost_before)
    drill.see("its attempt is unknown", lambda: outcomes(drill, order)[0] == "unknown")
    drill.cure("nothing: whatever keeps processes running starts a worker, and the step goes on")
    drill.over("the order is completed", drill.all_are("COMPLETED", [order]))
    if "succeeded" not in outcomes(drill, order):
        raise DrillFailed("no attempt of the order succeeded")
    drill.once_each("killed", [order])
    drill.over("a worker lives", lambda: site.workers("worker", QUEUE))


def holders(drill: Drill, order: int) -> list[int]:
    """The process that carries out this order's step: its attempt has begun, on record."""
    if all(attempt["endedAt"] for attempt in drill.step(order)["automationLog"]):
        return []
    found = drill.site.workers("worker", QUEUE)
    return [w["pid"] for w in found if any(one["instanceId"] == order for one in w["running"])]


def outcomes(drill: Drill, order: int) -> list[str]:
    return [attempt["outcome"] for attempt in drill.step(order)["automationLog"]]
