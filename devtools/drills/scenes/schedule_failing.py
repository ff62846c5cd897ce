"""A schedule's template is archived: its times fail until the template is brought back."""

from typing import Any

from devtools.drills.drill import Drill

FAILED = 'runsheet_schedule_fires_total{outcome="failed"}'


def run(drill: Drill) -> None:
    site = drill.site
    failed = drill.value(FAILED)
    key = drill.publish("archived")
    template = f"/templates/{drill.templates[key]}"
    wish = {"name": "A drill: of an archived template", "templateKey": key, "everySeconds": 2}
    schedule: int = site.api("POST", "/schedules", wish)["id"]
    drill.undo.callback(site.api, "DELETE", f"/schedules/{schedule}")
    drill.fault("somebody archives the template of a schedule")
    site.api("DELETE", template)
    drill.alert_if_grows("RunsheetSchedulesFailing", FAILED, failed)
    has_failed = lambda: any(one["outcome"] == "failed" for one in fires(drill, schedule))  # noqa: E731
    drill.see("a time of the schedule has failed", has_failed)
    page = f"/schedules/{schedule}"
    drill.see("its page says why", lambda: "This template is archived" in site.page(page))
    drill.see("and leads to the cure", drill.leads_to(page, "a-schedule-did-not-fire"))
    drill.cure("bring the template back")
    site.api("POST", f"{template}/unarchive")
    newest = fires(drill, schedule)[0]["id"]
    drill.over("a later time has started an order", lambda: started_after(drill, schedule, newest))
    (order,) = started_after(drill, schedule, newest)[:1]
    drill.over("which is completed", drill.all_are("COMPLETED", [order]))


def fires(drill: Drill, schedule: int) -> list[dict[str, Any]]:
    """Newest first."""
    return drill.site.api("GET", f"/schedules/{schedule}/fires")["items"]


def started_after(drill: Drill, schedule: int, fire: int) -> list[int]:
    """What the times after one have started."""
    return [
        one["instanceId"]
        for one in fires(drill, schedule)
        if one["id"] > fire and one["instanceId"]
    ]
