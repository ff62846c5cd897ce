"""A schedule's time was missed while nothing ran: it is run by hand."""

from datetime import timedelta

from devtools.drills import inside
from devtools.drills.drill import Drill

SKIPPED = 'runsheet_schedule_fires_total{outcome="skipped"}'
PROCESSES = ("worker", "notifier", "scheduler")


def run(drill: Drill) -> None:
    site = drill.site
    skipped = drill.value(SKIPPED)
    key = drill.publish("nightly")
    wish = {"name": "A drill: nightly", "templateKey": key, "everySeconds": 86400}
    schedule = site.api("POST", "/schedules", wish | {"catchUp": "skip"})["id"]
    drill.undo.callback(site.api, "DELETE", f"/schedules/{schedule}")
    drill.undo.callback(site.let_go, *PROCESSES)
    drill.fault("nothing that fires schedules runs; its time comes and goes")
    site.hold(*PROCESSES)
    nobody = lambda: not any(site.ready()["checks"][name]["ok"] for name in PROCESSES)  # noqa: E731
    drill.see("/readyz says that nobody is there", nobody)
    drill.alert("RunsheetNoScheduler", 'runsheet_processes{kind="scheduler"} == 0')
    inside.make_late(site, schedule, timedelta(hours=1))
    drill.cure("start all of them")
    site.let_go(*PROCESSES)
    drill.see("the time stands there as missed, with the reason", lambda: missed(drill, schedule))
    drill.alert_if_grows("RunsheetSchedulesLate", SKIPPED, skipped)
    page = f"/schedules/{schedule}"
    drill.see("its page leads here", drill.leads_to(page, "a-schedule-did-not-fire"))
    drill.cure("run it now, since it is still wanted")
    reason = {"reason": "A drill: the night was missed."}
    site.api("POST", f"/schedules/{schedule}/run-now", reason)
    drill.over("what it started is completed", lambda: completed(drill, schedule))


def missed(drill: Drill, schedule: int) -> bool:
    fires = drill.site.api("GET", f"/schedules/{schedule}/fires")["items"]
    return any("missed while nothing ran" in (fire["reason"] or "") for fire in fires)


def completed(drill: Drill, schedule: int) -> bool:
    fires = drill.site.api("GET", f"/schedules/{schedule}/fires")["items"]
    started = [fire["instanceId"] for fire in fires if fire["instanceId"]]
    return bool(started) and drill.all_are("COMPLETED", started)()
