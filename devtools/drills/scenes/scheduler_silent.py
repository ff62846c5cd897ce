"""The scheduler silent: workers keep the times, and say so."""

from devtools.drills.drill import Drill

NONE = 'runsheet_processes{kind="scheduler"} == 0'


def run(drill: Drill) -> None:
    site = drill.site
    key = drill.publish("timed", delay="PT1S")
    drill.undo.callback(site.let_go, "scheduler")
    drill.fault("the scheduler is stopped")
    site.hold("scheduler")
    drill.alert("RunsheetNoScheduler", NONE)
    drill.see("the banner says so", drill.banner_says("No scheduler is running"))
    orders = drill.begin(key, 2)
    drill.see("what is planned is done at its time", drill.all_are("COMPLETED", orders))
    drill.cure("start the scheduler")
    site.let_go("scheduler")
    drill.silent("RunsheetNoScheduler", NONE)
    drill.over("/readyz says that it is there", lambda: site.ready()["checks"]["scheduler"]["ok"])
