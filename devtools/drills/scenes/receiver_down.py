"""A receiver is down, then back: what failed meanwhile is retried, all at once."""

from devtools.drills.drill import FOLDER, Drill

FAILING = "runsheet_destinations_failing > 0"
ATTENTION = 'runsheet_instances{state="ATTENTION"}'


def run(drill: Drill) -> None:
    site = drill.site
    attention = drill.value(ATTENTION)
    key = drill.publish("down", retry={"schedule": [0.1] * 5})
    drill.undo.callback(site.answer_with, "default", f"{FOLDER}/down")
    drill.fault("the receiver answers 500")
    site.answer_with("500", f"{FOLDER}/down")
    orders = drill.begin(key, 20)  # most tries of the last minutes fail, other drills' included
    drill.see("their instances need attention", drill.all_are("ATTENTION", orders))
    drill.alert("RunsheetReceiversFailing", FAILING)
    drill.alert_if_grows("RunsheetNeedsAttention", ATTENTION, attention)
    page = f"/instances/{orders[0]}"
    says = lambda: "500 Internal Server Error" in site.page(page)  # noqa: E731
    drill.see("a failed step says what the receiver answered", says)
    drill.see("and leads to the cure", drill.leads_to(page, "a-webhook-failed"))
    drill.cure("the receiver is mended; retry all that failed")
    site.answer_with("default", f"{FOLDER}/down")
    retry_all(drill, key)
    drill.over("all are completed", drill.all_are("COMPLETED", orders))
    drill.once_each("down", orders)


def retry_all(drill: Drill, key: str) -> None:
    """As the runbook says under 'Retry all that failed'. What is poisoned may be so still."""
    path = f"/instances?state=ATTENTION&templateKey={key}&limit=200"
    for found in drill.site.api("GET", path)["items"]:
        for step in drill.instance(found["id"])["steps"]:
            if step["state"] == "FAILED" and step["actionState"] != "POISONED":
                wish = {"reason": "A drill: the receiver is back."}
                drill.site.api("POST", f"/instances/{found['id']}/steps/{step['key']}/retry", wish)
