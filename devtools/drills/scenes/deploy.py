"""A deploy in the middle of work: every process gets SIGTERM, and new ones are started."""

from devtools.drills.drill import FOLDER, Drill

PROCESSES = ("web", "worker", "notifier", "scheduler")


def run(drill: Drill) -> None:
    site = drill.site
    key = drill.publish("deployed", timeoutSeconds=20)
    drill.undo.callback(site.let_go, *PROCESSES)
    drill.undo.callback(site.answer_with, "default", f"{FOLDER}/deployed")
    site.answer_with("slow", f"{FOLDER}/deployed")
    orders = drill.begin(key, 6)
    drill.see("steps are under way", lambda: drill.received("deployed"))
    drill.fault("every process is told to stop")
    site.hold(*PROCESSES)
    drill.see("no web process answers: RunsheetDown", lambda: site.status("/healthz") == 0)
    drill.alerts.append("RunsheetDown")
    site.answer_with("default", f"{FOLDER}/deployed")
    drill.cure("start the new ones")
    site.let_go(*PROCESSES)
    drill.over("/readyz answers 200", lambda: site.status("/readyz") == 200)
    drill.over("every order is completed", drill.all_are("COMPLETED", orders))
    drill.once_each("deployed", orders)
