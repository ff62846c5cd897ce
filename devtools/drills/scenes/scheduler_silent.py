"""The scheduler silent: workers keep the times, and say so."""

from datetime import datetime

from devtools.drills.drill import Drill

NONE = 'runsheet_processes{kind="scheduler"} == 0'

DELAY = 1  # seconds
PROMISED = 15  # seconds, in which what is due starts, whatever happens


def run(drill: Drill) -> None:
    site = drill.site
    key = drill.publish("timed", delay=f"PT{DELAY}S")
    drill.undo.callback(site.let_go, "scheduler")
    drill.fault("the scheduler is stopped")
    site.hold("scheduler")
    drill.alert("RunsheetNoScheduler", NONE)
    drill.see("the banner says so", drill.banner_says("No scheduler is running"))
    orders = drill.begin(key, 2)
    drill.see("what is planned is done all the same", drill.all_are("COMPLETED", orders))
    late = max(seconds_late(drill, order) for order in orders)
    drill.see(f"at most {late:.1f} s late", lambda: 0 <= late <= PROMISED)
    drill.cure("start the scheduler")
    site.let_go("scheduler")
    drill.silent("RunsheetNoScheduler", NONE)
    drill.over("/readyz says that it is there", lambda: site.ready()["checks"]["scheduler"]["ok"])


def seconds_late(drill: Drill, order: int) -> float:
    """From when its step was due until it was begun."""
    step = drill.step(order)
    ready, began = (datetime.fromisoformat(step[name]) for name in ("readyAt", "startedAt"))
    return (began - ready).total_seconds() - DELAY
