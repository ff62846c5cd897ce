"""The notifier stopped: nobody is told, and all are told when it is started."""

from devtools.drills.drill import Drill

NONE = 'runsheet_processes{kind="notifier"} == 0'
TOLD = [{"channel": "IN_APP", "trigger": "ON_COMPLETED", "recipients": ["role:admin"]}]


def run(drill: Drill) -> None:
    site = drill.site
    key = drill.publish("untold", TOLD)
    drill.undo.callback(site.let_go, "notifier")
    drill.fault("the notifier is stopped")
    site.hold("notifier")
    drill.alert("RunsheetNoNotifier", NONE)
    orders = drill.begin(key)
    drill.see("steps go on", drill.all_are("COMPLETED", orders))
    says = "No notifier is listening on <code>workflow-notifications</code>"
    drill.see("the banner names the queue", drill.banner_says(says))
    drill.see("its notice waits", lambda: waiting(drill))
    drill.cure("start the notifier")
    site.let_go("notifier")
    told = lambda: any(one["state"] == "SENT" for one in drill.step(orders[0])["notificationLog"])  # noqa: E731
    drill.over("people have been told", told)
    drill.silent("RunsheetNoNotifier", NONE)


def waiting(drill: Drill) -> int:
    queues = drill.site.api("GET", "/queues")["items"]
    return next(one["depth"] for one in queues if one["name"] == "workflow-notifications")
