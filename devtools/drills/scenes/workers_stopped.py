"""All workers stopped: steps wait, and go on when one is started."""

from devtools.drills.drill import Drill

NONE = 'runsheet_processes{kind="worker"} == 0'


def run(drill: Drill) -> None:
    site = drill.site
    key = drill.publish("stopped")
    drill.undo.callback(site.let_go, "worker")
    drill.fault("every worker is stopped")
    site.hold("worker")
    drill.alert("RunsheetNoWorker", NONE)
    orders = drill.begin(key, 3)
    says = "No worker is listening on <code>workflow-automation</code>"
    drill.see("the banner names the queue", drill.banner_says(says))
    drill.see("the page Queues leads here", drill.leads_to("/queues", "runsheetnoworker"))
    drill.see("/readyz says so", lambda: not site.ready()["checks"]["worker"]["ok"])
    drill.cure("start a worker")
    site.let_go("worker")
    drill.over("what waited is completed", drill.all_are("COMPLETED", orders))
    drill.silent("RunsheetNoWorker", NONE)
    drill.once_each("stopped", orders)
