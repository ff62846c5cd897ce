"""Schedules' times were missed while nothing ran: one catches up, another is run by hand."""

from datetime import UTC, datetime, timedelta
from typing import Any

from devtools.drills import inside
from devtools.drills.drill import Drill

LATE = "runsheet_schedules_late > 0"
PROCESSES = ("worker", "notifier", "scheduler")
DAY = timedelta(days=1)


def run(drill: Drill) -> None:
    site = drill.site
    key = drill.publish("nightly")
    caught_up, passed_over = schedule(drill, key, "one"), schedule(drill, key, "skip")
    drill.undo.callback(site.let_go, *PROCESSES)
    drill.fault("nothing that fires schedules runs; their time comes and goes")
    site.hold(*PROCESSES)
    nobody = lambda: not any(site.ready()["checks"][name]["ok"] for name in PROCESSES)  # noqa: E731
    drill.see("/readyz says that nobody is there", nobody)
    drill.alert("RunsheetNoScheduler", 'runsheet_processes{kind="scheduler"} == 0')
    inside.make_late(site, [caught_up, passed_over], DAY)
    drill.alert("RunsheetSchedulesLate", LATE)
    drill.cure("start all of them")
    site.let_go(*PROCESSES)
    drill.over("the one whose catch-up is 'one' has run", lambda: completed(drill, caught_up))
    drill.silent("RunsheetSchedulesLate", LATE)
    missed = lambda: any("missed while nothing ran" in (one["reason"] or "") for one in fires())  # noqa: E731
    fires = lambda: fires_of(drill, passed_over)  # noqa: E731
    drill.see("the other says that its time was missed", missed)
    page = f"/schedules/{passed_over}"
    drill.see("its page leads here", drill.leads_to(page, "a-schedule-did-not-fire"))
    drill.cure("run it now, since it is still wanted")
    reason = {"reason": "A drill: the night was missed."}
    site.api("POST", f"/schedules/{passed_over}/run-now", reason)
    drill.over("what it started is completed", lambda: completed(drill, passed_over))


def schedule(drill: Drill, key: str, catch_up: str) -> int:
    """One that is due in 23 hours, and was an hour ago; it is deleted with the drill."""
    start = (datetime.now(UTC) - timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    rule = {"everySeconds": 86400, "start": start, "catchUp": catch_up}
    wish = {"name": f"A drill: nightly, catch-up {catch_up}", "templateKey": key}
    made: int = drill.site.api("POST", "/schedules", wish | rule)["id"]
    drill.undo.callback(drill.site.api, "DELETE", f"/schedules/{made}")
    return made


def fires_of(drill: Drill, schedule_id: int) -> list[dict[str, Any]]:
    return drill.site.api("GET", f"/schedules/{schedule_id}/fires")["items"]


def completed(drill: Drill, schedule_id: int) -> bool:
    started = [one["instanceId"] for one in fires_of(drill, schedule_id) if one["instanceId"]]
    return bool(started) and drill.all_are("COMPLETED", started)()
