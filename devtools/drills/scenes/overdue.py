"""An instance is late, since one of its steps waits for a time: it is run now."""

from devtools.drills.drill import Drill

OVERDUE = "runsheet_instances_overdue"


def run(drill: Drill) -> None:
    site = drill.site
    before = drill.value(OVERDUE)
    key = drill.publish("late", due_in="PT1S", delay="PT1H")
    drill.fault("a template wants to be done in a second, and has a step that waits an hour")
    (order,) = drill.begin(key)
    drill.alert_if_grows("RunsheetInstancesOverdue", OVERDUE, before)
    is_listed = lambda: order in overdue(drill, key)  # noqa: E731
    drill.see("the list of what is overdue has it", is_listed)
    waits = lambda: drill.step(order)["actionState"] == "SCHEDULED"  # noqa: E731
    drill.see("its step waits for a time to come", waits)
    drill.cure("run the step now")
    reason = {"reason": "A drill: it can't wait."}
    site.api("POST", f"/instances/{order}/steps/post/run-now", reason)
    drill.over("the order is completed", drill.all_are("COMPLETED", [order]))
    drill.over("and is overdue no more", lambda: not is_listed())
    drill.once_each("late", [order])


def overdue(drill: Drill, key: str) -> list[int]:
    """Those of a template that are open and late."""
    path = f"/instances?overdue=true&templateKey={key}&limit=200"
    return [one["id"] for one in drill.site.api("GET", path)["items"]]
